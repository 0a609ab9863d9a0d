"""The view `sql`: what it makes of a query's result, and what it refuses."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from samples import make_raw

from nightshift.plan import view_digest
from nightshift.sandbox import SqlRefused
from nightshift.views import VIEWS, RawData, load_block, save_block

BY_SPEAKER = """
WITH said AS (
    SELECT case_id, speaker, len(string_split(text, ' ')) AS words, regexp_matches(text, '(?i)price|budget') AS money
    FROM turns
)
SELECT
    case_id,
    sum(words) FILTER (WHERE speaker = 'customer') AS customer_words,
    sum(words) FILTER (WHERE speaker = 'agent') / sum(words) AS agent_share,
    count(*) FILTER (WHERE money) AS money,
    arg_max(speaker, words) AS longest_by,
    stddev_pop(words) AS spread,
    bool_or(money AND speaker = 'customer') AS customer_on_money
FROM said
GROUP BY case_id
ORDER BY money, customer_words DESC
"""
SPEC = VIEWS["sql"](query=BY_SPEAKER)


def part_of(raw, rows):
    cases = raw.cases.iloc[rows].reset_index(drop=True)
    return RawData(cases, raw.turns[raw.turns["case_id"].isin(cases["case_id"])].reset_index(drop=True), raw.kinds)


def frame_of(query, raw):
    return VIEWS["sql"](query=query).featurize(raw).frame


def test_a_query_over_turns_against_pandas(raw):
    frame = SPEC.featurize(raw).frame
    words = raw.turns["text"].str.split(" ").str.len()
    customer = words[raw.turns["speaker"] == "customer"].groupby(raw.turns["case_id"]).sum()
    expected = customer.reindex(raw.cases["case_id"]).to_numpy(dtype=float)
    np.testing.assert_array_equal(frame["customer_words"], expected)
    silent = ~raw.cases["case_id"].isin(raw.turns["case_id"])
    assert frame[silent.to_numpy()].isna().all().all()
    assert frame.index.equals(pd.RangeIndex(len(raw.cases)))
    kinds = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert kinds.pop("longest_by") == "str"
    assert set(kinds.values()) == {"float64"}


def test_columns_of_the_cases_by_kind(raw):
    frame = frame_of(
        "SELECT case_id, size, size > 0 AS positive, vip AND true AS vip, date_diff('day', DATE '2025-01-01', opened) AS days, "
        "industry, length(note) AS note, 1.5::DECIMAL(9, 2) / 3 AS third, 1::HUGEINT AS huge, 1 / 0.0 AS endless FROM cases",
        raw,
    )
    np.testing.assert_array_equal(frame["size"], raw.cases["size"])
    np.testing.assert_array_equal(frame["vip"], raw.cases["vip"])
    np.testing.assert_array_equal(frame["days"], (raw.cases["opened"] - pd.Timestamp("2025-01-01")).dt.days)
    pd.testing.assert_series_equal(frame["industry"], raw.cases["industry"].astype("str"))
    assert (frame["third"] == 0.5).all() and (frame["huge"] == 1).all() and frame["endless"].isna().all()


@settings(deadline=None, max_examples=3)
@given(seed=st.integers(0, 1000), size=st.integers(1, 29))
def test_a_row_does_not_depend_on_other_cases(seed, size):
    raw = make_raw(30, seed=seed % 5)
    rows = np.random.default_rng(seed).permutation(30)[:size]
    whole, alone = SPEC.featurize(raw).frame, SPEC.featurize(part_of(raw, rows)).frame
    pd.testing.assert_frame_equal(alone, whole.iloc[rows].reset_index(drop=True), check_exact=True)


def test_one_case_without_turns_keeps_the_types(raw):
    one = part_of(raw, [0])
    frame = SPEC.featurize(RawData(one.cases, one.turns.iloc[:0], raw.kinds)).frame
    assert frame.dtypes.equals(SPEC.featurize(raw).frame.dtypes)
    empty = SPEC.featurize(RawData(one.cases.iloc[:0], one.turns.iloc[:0], raw.kinds)).frame
    assert len(empty) == 0
    assert list(empty) == list(frame)


def test_files_hold_what_was_computed(raw, tmp_path):
    block = SPEC.featurize(raw)
    save_block(tmp_path / "view.arrow", block)
    pd.testing.assert_frame_equal(load_block(tmp_path / "view.arrow").frame, block.frame, check_dtype=False)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT case_id, size - avg(size) OVER () AS x FROM cases",
        "SELECT case_id, rank() OVER (ORDER BY size) AS x FROM cases",
        "SELECT case_id, row_number() OVER () AS x FROM cases",
        "SELECT case_id, count(*) OVER (PARTITION BY industry) AS x FROM cases",
        "SELECT case_id, size / (SELECT max(size) FROM cases) AS x FROM cases",
        "SELECT case_id, size > (SELECT median(size) FROM cases) AS x FROM cases",
        "SELECT case_id, (SELECT string_agg(speaker, '' ORDER BY case_id, position) FROM turns) AS x FROM cases",
        "SELECT case_id, size AS x FROM cases ORDER BY size LIMIT 50",
        "SELECT case_id, count(*) AS x FROM turns GROUP BY 1 HAVING count(*) > (SELECT avg(position) * 2 FROM turns)",
        "SELECT a.case_id, count(*) AS x FROM cases a JOIN cases b ON a.size > b.size GROUP BY 1",
        "SELECT case_id, lag(size) OVER (ORDER BY case_id) AS x FROM cases",
        "SELECT case_id, dense_rank() OVER (ORDER BY industry) AS x FROM cases",
        "SELECT case_id, (SELECT count(DISTINCT industry) FROM cases) AS x FROM cases",
        "SELECT case_id, CASE WHEN (SELECT count(*) FROM cases) >= 50 THEN size ELSE 0 END AS x FROM cases",
    ],
)
def test_rows_that_depend_on_other_cases(query, raw):
    with pytest.raises(SqlRefused, match="depends on other cases"):
        frame_of(query, raw)


@pytest.mark.parametrize(
    "query, said",
    [
        ("SELECT size FROM cases", "no column case_id"),
        ("SELECT case_id FROM cases", "nothing but case_id"),
        ("SELECT case_id, text FROM turns", "more than once"),
        ("SELECT case_id || 'x' AS case_id, size FROM cases", "not in cases"),
        ("SELECT NULL::VARCHAR AS case_id, 1 AS x", "NULL"),
        ("SELECT case_id, size AS x, vip AS x FROM cases", "two columns called 'x'"),
        ("SELECT *, case_id FROM cases", "two columns called 'case_id'"),
        ("SELECT case_id, opened FROM cases", "date_diff"),
        ("SELECT case_id, opened - DATE '2025-01-01' AS x FROM cases", "date_diff"),
        ("SELECT case_id, list(text) AS x FROM turns GROUP BY 1", "array_to_string"),
        ("SELECT case_id, {'a': size} AS x FROM cases", "x.field"),
        ("SELECT case_id, MAP {'a': size} AS x FROM cases", "x.field"),
        ("SELECT case_id, 'x'::BLOB AS x FROM cases", "cast it"),
        ("SELECT case_id, " + ", ".join(f"{i} AS x{i}" for i in range(1001)) + " FROM cases", "1,001 columns"),
        ("SELECT case_id, random() AS x FROM cases", "random"),
        ("SELECT case_id, target AS x FROM cases", "target"),
    ],
)
def test_results_that_are_no_view(query, said, raw):
    with pytest.raises(SqlRefused, match=said):
        frame_of(query, raw)


def test_the_specification():
    with pytest.raises(ValidationError):
        VIEWS["sql"](query="")
    with pytest.raises(ValidationError):
        VIEWS["sql"](query="x" * 20_001)
    assert view_digest(SPEC, "data") != view_digest(VIEWS["sql"](query="SELECT 1"), "data")
