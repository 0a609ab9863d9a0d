"""Who had which share in a night, in words."""

from nightshift.share import keeps_in_words, usage_in_words


def kept(number, author, memo=None, status="keep"):
    return {"experiment": f"exp-{number:04d}", "author": author, "memo": memo, "status": status}


def test_keeps_are_counted_by_author_and_memo():
    rows = [
        kept(0, "baseline"),
        kept(1, "search"),
        kept(2, "model", "memo-001"),
        kept(3, "human"),
        kept(4, "search"),
        kept(5, "model", status="discard"),
        kept(6, "model", "memo-002", status="crash"),
    ]
    assert keeps_in_words(rows) == (
        "Keeps after the baseline: 1 from people, 1 from the model, 2 from the search; 1 followed a memo "
        "(exp-0002 follows memo-001)."
    )
    assert keeps_in_words(rows[:1]) == "Keeps after the baseline: none; 0 followed a memo."


def test_tokens_and_money_are_named_where_a_model_was_asked():
    assert usage_in_words(0, 0.0, 0) == ""
    assert usage_in_words(12_345, 0.0, 7) == "The language model answered 7 requests: 12,345 tokens."
    assert (
        usage_in_words(12_345, 1.5, 7) == "The language model answered 7 requests: 12,345 tokens, 1.50 by agent.prices."
    )
