"""The duck answers with the night's tools, and writes only after a yes."""

import json

import pytest
import yaml
from stub_night import night_config, run_night

from model_server import FAULTS, KEY, an_answer, model_server, tool_call
from nightshift.agents.queue import queued_files
from nightshift.duck import talk
from nightshift.errors import NightshiftError


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)


def conversation(tmp_path, script, *answers, first=None, **agent):
    """What was said, and the server."""
    run_night(tmp_path, night_config(4, backend="search"))
    said, given = [], iter(answers)
    with model_server(script) as server:
        config = night_config(4, **{"model": "m", "base_url": server.url, "timeout": 20, "tries": 1, **agent})
        talk(config, first, lambda question: said.append(question) or next(given, ""), said.append)
    return said, server


def by_tools(*calls, last="That is all."):
    """A model that uses tools, one after the other, and then answers."""

    def script(body):
        after = body["messages"][[m["role"] for m in body["messages"]].index("user") :]
        used = sum(message["role"] == "tool" for message in after)
        return calls[used] if used < len(calls) else last

    return script


def test_it_looks_before_it_answers(tmp_path):
    script = by_tools(
        tool_call("experiment", experiment="exp-0001"), tool_call("wrong_cases", count=2), last="It lost."
    )
    said, server = conversation(tmp_path, script, "why did exp-0001 lose?", "")
    assert said[2] == "It lost." and said[0].startswith("4 experiments so far.")
    results = [m["content"] for m in server.of("chat/completions")[-1]["messages"] if m["role"] == "tool"]
    assert results[0].startswith("exp-0001: cv_auc") and "needs agent.send: transcripts; it is 'metrics'" in results[1]


def test_an_experiment_is_queued_after_a_yes_alone(tmp_path):
    wanted = json.dumps(an_answer("Short calls are different."))
    script = by_tools(tool_call("queue_experiment", experiment=wanted))
    said, _ = conversation(tmp_path, script, "try short calls", "no", "")
    assert any("Queue this experiment? [y/N]" in text for text in said) and not queued_files(tmp_path)
    conversation(tmp_path, script, "try short calls", "y", "")
    [path] = queued_files(tmp_path)
    assert path.name == "duck-short-calls-are-different.yaml"
    assert yaml.safe_load((tmp_path / path).read_text())["hypothesis"] == "Short calls are different."


def test_a_line_of_guidance_is_added_after_a_yes(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/program.md").write_text("# Guidance\n")
    script = by_tools(tool_call("add_guidance", line="- veto: mlp"))
    conversation(tmp_path, script, "no networks please", "", "")
    assert (tmp_path / "config/program.md").read_text() == "# Guidance\n"
    conversation(tmp_path, script, "no networks please", "yes", "")
    assert (tmp_path / "config/program.md").read_text() == "# Guidance\n- veto: mlp\n"


def test_an_invalid_experiment_is_not_offered(tmp_path):
    wanted = json.dumps(an_answer(learner={"kind": "quantum"}))
    said, server = conversation(tmp_path, by_tools(tool_call("queue_experiment", experiment=wanted)), "go", "")
    assert not any("Queue this" in text for text in said)
    assert "that is no valid experiment" in server.of("chat/completions")[-1]["messages"][-1]["content"]


@pytest.mark.parametrize("fault", ["401", "500", "hang", "invalid JSON", "empty"])
def test_a_server_that_fails_ends_no_conversation(tmp_path, fault):
    said, _ = conversation(tmp_path, lambda body: FAULTS[fault](), "hello?", "still there?", "", timeout=1)
    assert sum(text.startswith("(no answer") for text in said) == 2
    assert not any(KEY in text for text in said)


def test_one_question_and_no_model(tmp_path, monkeypatch):
    said, _ = conversation(tmp_path, lambda body: "The first.", first="which is best?")
    assert said == ["The first."]
    with pytest.raises(NightshiftError, match="there is no model to talk with"):
        talk(night_config(4), None, input, print)


def test_no_tool_and_no_word_tells_the_verdict(tmp_path):
    run_night(tmp_path, night_config(4, backend="search"))
    for name in ("verdict.json", "ending.md", "data/holdout/labels.parquet", "verdict/curves.json"):
        (tmp_path / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "results" / name).write_text('{"secret": 0.777777}')
    said, server = conversation(
        tmp_path, by_tools(*[tool_call(name) for name in ("ledger", "notes", "slices")]), "hi", ""
    )
    assert "0.777777" not in json.dumps(server.asked) and "0.777777" not in str(said)


def test_it_sees_the_night_as_it_is_at_each_question(tmp_path):
    """Experiments go on while the person thinks."""
    run_night(tmp_path, night_config(4, backend="search"))
    answers = iter(["first?", "second?", ""])

    def ask(_):
        question = next(answers)
        if question == "second?":
            run_night(tmp_path, night_config(5, backend="search"))
            (tmp_path / "config").mkdir(exist_ok=True)
            (tmp_path / "config/program.md").write_text("- veto: mlp\n")
        return question

    with model_server(lambda body: "So it is.") as server:
        talk(night_config(5, model="m", base_url=server.url, timeout=20, tries=1), None, ask, lambda said: None)
        told = [body["messages"][0]["content"] for body in server.of("chat/completions")]
    assert "exp-0004" not in told[0] and "exp-0004" in told[1]
    assert "veto: mlp" not in told[0] and "veto: mlp" in told[1]
