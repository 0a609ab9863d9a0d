"""Views: a row is a function of one case alone, and files hold what was computed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow.feather import read_table
from samples import KINDS, make_raw

from nightshift.gather import gather
from nightshift.shards import rows_of, shard_names
from nightshift.views import VIEWS, Columns, RawData, load_block, save_block

SPECS = [
    VIEWS["table"](),
    VIEWS["words"](),
    VIEWS["words"](speakers=("customer", "agent"), part="last", ngrams=1),
    VIEWS["words"](speakers=("agent",), part="first", ngrams=3),
    VIEWS["dynamics"](speakers=("customer", "agent")),
    VIEWS["dynamics"](),
    VIEWS["words"](calls="last", part="last", turns=2),
    VIEWS["chars"](longest=3),
    VIEWS["chars"](speakers=("customer", "agent"), calls="first"),
    VIEWS["notes"](ngrams=2),
    VIEWS["recency"](),
    VIEWS["sql"](query="SELECT case_id, count(*) AS n, avg(length(text)) AS long FROM turns GROUP BY case_id"),
]


def part_of(raw, rows):
    cases = raw.cases.iloc[rows].reset_index(drop=True)
    turns = raw.turns[raw.turns["case_id"].isin(cases["case_id"])].reset_index(drop=True)
    return RawData(cases, turns, raw.kinds)


def as_dicts(block):
    """Rows as name -> value, whatever else the block holds."""
    if isinstance(block, Columns):
        return block.frame.to_dict("records")
    counts = block.counts
    rows = range(counts.shape[0])
    return [{block.names[j]: v for j, v in zip(counts[[i]].indices, counts[[i]].data, strict=True) if v} for i in rows]


@pytest.mark.parametrize("kept", ["2024-12-01", None], ids=["a day without a time", "no date at all"])
def test_a_case_alone_has_the_columns_of_many(kept):
    raw = make_raw(30)
    timed = raw.cases.assign(opened=raw.cases["opened"] + pd.Timedelta(hours=14))
    many = VIEWS["table"]().featurize(RawData(timed, raw.turns, raw.kinds)).frame
    cases = raw.cases.iloc[:1].assign(opened=pd.Series([kept], dtype="datetime64[us]"))
    alone = VIEWS["table"]().featurize(RawData(cases, raw.turns.iloc[:0], raw.kinds)).frame
    assert list(alone) == list(many) and many["opened_hour"].eq(14).all()
    assert alone["opened_hour"].isna().all() and alone["opened_day"].isna().all() == (kept is None)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.kind}-{getattr(spec, 'part', '')}")
@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 1000))
def test_a_row_does_not_depend_on_other_cases(spec, seed):
    raw = make_raw(30, seed=seed % 5)
    rows = np.sort(np.random.default_rng(seed).choice(30, 15, replace=False))
    whole, half = as_dicts(spec.featurize(raw)), as_dicts(spec.featurize(part_of(raw, rows)))
    for row, found in zip(rows, half, strict=True):
        assert found.keys() == whole[row].keys()
        for name, value in found.items():
            same = value == whole[row][name] or (pd.isna(value) and pd.isna(whole[row][name]))
            assert same or value == pytest.approx(whole[row][name], rel=1e-9), name


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.kind}-{getattr(spec, 'part', '')}")
def test_files_hold_what_was_computed(raw, spec, tmp_path):
    block = spec.featurize(raw)
    save_block(tmp_path / "view.arrow", block)
    again = load_block(tmp_path / "view.arrow")
    assert len(again) == len(block) == len(raw.cases)
    if isinstance(block, Columns):
        pd.testing.assert_frame_equal(again.frame, block.frame, check_dtype=False)
    else:
        assert again.names.tolist() == block.names.tolist()
        assert (again.counts != block.counts).nnz == 0


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.kind}-{getattr(spec, 'part', '')}")
def test_shards_gathered_are_the_view_bit_for_bit(spec, tmp_path):
    raw = make_raw(31, seed=3)
    save_block(tmp_path / "whole.arrow", spec.featurize(raw))
    shards = shard_names(31, 8)
    for shard in shards:
        block = spec.featurize(part_of(raw, range(31)[rows_of(shard, 31)]))
        save_block(tmp_path / f"{shard}.arrow", block)
    save_block(tmp_path / "gathered.arrow", gather([load_block(tmp_path / f"{shard}.arrow") for shard in shards]))
    assert len(shards) == 4
    gathered, whole = (read_table(tmp_path / f"{name}.arrow", memory_map=False) for name in ("gathered", "whole"))
    assert gathered.equals(whole, check_metadata=True)


@given(cases=st.integers(1, 5000), at_once=st.integers(1, 700))
def test_shards_hold_every_case_once_and_not_too_many(cases, at_once):
    rows = [range(cases)[rows_of(shard, cases)] for shard in shard_names(cases, at_once)]
    assert all(0 < len(part) <= at_once for part in rows)
    assert [row for part in rows for row in part] == (list(range(cases)) if cases > at_once else [])


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.kind}-{getattr(spec, 'part', '')}")
def test_no_turns_at_all(raw, spec, tmp_path):
    block = spec.featurize(RawData(raw.cases, raw.turns.iloc[:0], raw.kinds))
    assert len(block) == len(raw.cases)
    save_block(tmp_path / "view.arrow", block)
    assert len(load_block(tmp_path / "view.arrow")) == len(raw.cases)


def turns(*rows):
    columns = ["case_id", "call", "position", "speaker", "text", "start", "end"]
    return pd.DataFrame(rows, columns=columns).assign(time=pd.Timestamp("2025-01-01"))


def test_dynamics_by_hand():
    said = turns(
        ("a", "1", 0, "rep", "How are you?", 0.0, 2.0),
        ("a", "1", 1, "customer", "fine thanks 42", 3.0, 5.0),
        ("a", "1", 2, "rep", "good", 4.5, 5.5),
    )
    raw = RawData(pd.DataFrame({"case_id": ["a", "b"]}), said, {})
    row, silent = VIEWS["dynamics"](speakers=("rep", "customer")).featurize(raw).frame.to_dict("records")
    assert (row["turns"], row["words"], row["calls"]) == (3, 7, 1)
    assert row["questions a turn"] == pytest.approx(1 / 3)
    assert row["numbers a turn"] == pytest.approx(1 / 3)
    assert row["rep: share of words"] == pytest.approx(4 / 7)
    assert row["words a second"] == pytest.approx(7 / 5)
    assert row["mean pause"] == pytest.approx(0.5)
    assert row["interruptions a turn"] == pytest.approx(1 / 2)
    assert row["rep: interrupts"] == 1
    assert (silent["turns"], silent["calls"]) == (0, 0)
    assert np.isnan(silent["words a turn"])


def test_words_by_speaker_and_part():
    said = turns(*[("a", "1", i, who, word, np.nan, np.nan) for i, (who, word) in enumerate(
        [("rep", "hello"), ("customer", "price"), ("rep", "sure"), ("customer", "bye"), ("rep", "bye"), ("customer", "thanks")]
    )])  # fmt: skip
    raw = RawData(pd.DataFrame({"case_id": ["a"]}), said, {})
    first = VIEWS["words"](speakers=("customer",), part="first", ngrams=1).featurize(raw)
    last = VIEWS["words"](speakers=("rep", "customer"), part="last", ngrams=1).featurize(raw)
    assert first.names.tolist() == ["customer: price"]
    assert sorted(last.names) == ["customer: thanks", "rep: bye"]


def test_table_columns(raw):
    frame = VIEWS["table"]().featurize(raw).frame
    assert frame["vip"].dtype == "float64"
    assert frame["note words"].isin([5, 2]).all()
    assert any(name.startswith("opened_") for name in frame)
    cases = raw.cases.assign(opened=pd.NaT)
    empty = VIEWS["table"]().featurize(RawData(cases, raw.turns, KINDS)).frame
    assert list(empty) == list(frame)
    assert empty.filter(like="opened_").isna().all().all()
