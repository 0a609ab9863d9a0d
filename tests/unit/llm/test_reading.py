"""Where the JSON of an answer begins and ends."""

import pytest

from nightshift.llm.client import Reply
from nightshift.llm.reading import RefusedError, read_json_in


@pytest.mark.parametrize(
    "text",
    [
        '{"views": {"a": {"kind": "words"}}}',
        'Here it is:\n```json\n{"views": {"a": {"kind": "words"}}}\n```\nGood luck {friend}!',
        '<think>{"views": 1}</think>{"views": {"a": {"kind": "words"}}}',
        'In the set {1, 2} or {"small": 1}: {"views": {"a": {"kind": "words"}}} " and {"other": 2}',
        '{"views": {"a": {"kind": "words"}}}   \t\t\t' + " " * 1000,
    ],
)
def test_the_longest_object_is_the_answer(text):
    assert read_json_in(Reply(text)) == {"views": {"a": {"kind": "words"}}}
    assert read_json_in(Reply(text, cut=True)) == {"views": {"a": {"kind": "words"}}}


@pytest.mark.parametrize(
    ("text", "cut", "why"),
    [
        ('{"hypothesis": "x", "views": [{"name": "a", "value": {"kind": "notes"}}, {"name": "b', True, "cut off"),
        (
            '{"hypothesis": "x", "views": [{"name": "a", "value": {"kind": "notes"}}] "bases": 1}',
            False,
            "',' delimiter",
        ),
        ("I would try more words.", False, "holds no JSON object"),
        ("I would try more words.", True, "cut off"),
        ("", False, "empty"),
        ('{"a":' * 100_000, False, "no JSON"),
        ("{" * 100_000, False, "no JSON"),
        ('["a", "b"]', False, "holds no JSON object"),
    ],
)
def test_a_part_of_a_broken_answer_is_no_answer(text, cut, why):
    with pytest.raises(RefusedError, match=why):
        read_json_in(Reply(text, cut=cut))


def test_a_refusal_is_told():
    with pytest.raises(RefusedError, match="the model refuses: I cannot"):
        read_json_in(Reply(None, refusal="I\ncannot"))
