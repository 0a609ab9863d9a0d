"""From files to cases and turns, on awkward, random and real data."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from nightshift.config import parse_config
from nightshift.data.ingest import ingest
from nightshift.data.leakage import leakage_warnings
from nightshift.data.new import read_new
from nightshift.data.schema import Schema
from nightshift.errors import InputError

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data"
N = 40


def config_of(cases="cases.csv", validation=None, **data):
    data = {"cases": cases, "id": "deal", "target": "won", **data}
    return parse_config({"data": data, "validation": validation or {}})


def deals(n=N):
    return pd.DataFrame(
        {
            "deal": [f"{i:03d}" for i in range(n)],
            "won": [i % 2 for i in range(n)],
            "amount": [i * 1.5 for i in range(n)],
            "stage": [("open", "late")[i % 3 == 0] for i in range(n)],
            "account": [f"acct {i // 2} " for i in range(n)],
            "closed": [f"2024-05-{i % 28 + 1:02d}" for i in range(n)],
            "reason": ["price"] * n,
        }
    )


def talk(n=N):
    rows = [(f"{i:03d}", call, turn, "rep", f"words {i}") for i in range(n) for call in "ab" for turn in range(2)]
    turns = pd.DataFrame(rows, columns=["deal", "call", "turn", "speaker", "text"])
    turns["time"] = "2024-05-10T" + turns["turn"].map("1{}:00".format)
    return turns


@pytest.fixture
def folder(tmp_path):
    deals().to_csv(tmp_path / "cases.csv", index=False)
    talk().to_csv(tmp_path / "turns.csv", index=False)
    return tmp_path


def write(frame, path):
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in frame.to_dict("records")), encoding="utf-8")
    else:
        # All in quotes: pandas leaves a lone carriage return without.
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",", quoting=csv.QUOTE_ALL)


def problems_of(config, root):
    with pytest.raises(InputError) as caught:
        ingest(config, root)
    assert all(problem.remedy for problem in caught.value.problems)
    return [f"{p.file}:{p.column}: {p.what}" for p in caught.value.problems]


def assert_same(one, other):
    for name in ("cases", "keys", "turns"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    assert (one.schema, one.counts) == (other.schema, other.counts)


def test_parts_are_apart(folder):
    config = config_of(
        transcripts="turns.csv", group="account", time="closed", drop=["reason"], cutoff={"column": "closed", "days": 1}
    )
    found = ingest(config, folder)
    assert list(found.cases) == ["case_id", "amount", "stage", "closed"]
    assert found.schema.columns == {"amount": "numeric", "stage": "category", "closed": "datetime"}
    assert list(found.keys) == ["case_id", "target", "group", "time", "split"]
    assert found.keys["target"].dtype == "int8" and found.keys["target"].tolist()[:2] == [0, 1]
    assert found.keys["group"][0] == "acct 0" and found.keys["split"].isna().all()
    assert found.keys["time"].tolist()[:2] == [pd.Timestamp("2024-05-01"), pd.Timestamp("2024-05-02")]
    # Cutoff on the day after closing: calls of May 10 count for what closed on the 10th or later.
    assert found.turns["case_id"].unique().tolist() == [f"{i:03d}" for i in range(N) if i % 28 >= 9]
    assert found.counts | {"cases": N, "positives": N // 2, "turns_after_cutoff": 72} == found.counts
    assert found.counts["turns"] == 2 * found.counts["calls"] == 4 * found.counts["cases_with_turns"] == 88
    assert found.schema.cutoff == {"column": "closed", "days": 1.0} and found.schema.positive == "1"


def test_labels_are_nowhere_but_in_keys(folder):
    frame = deals().assign(part=["holdout", "holdout", "x", "x", "y", "y", "z", "z"] * 5)
    frame.to_csv(folder / "cases.csv", index=False)
    found = ingest(config_of(group="account", validation={"split_column": "part"}), folder)
    assert not {"won", "deal", "account", "part"} & {*found.cases, *found.turns}
    assert found.keys["split"].tolist() == frame["part"].tolist()


def test_all_problems_in_one_message(folder):
    frame = deals()
    frame.loc[3, "won"] = 2
    frame.loc[4, "deal"] = "000"
    frame.to_csv(folder / "cases.csv", index=False)
    (folder / "turns.jsonl").write_text('{"deal": "000", "text": "x"}\n{"deal"\n')
    found = problems_of(config_of(transcripts="turns.jsonl", group="acount", time="stage"), folder)
    assert [text.rsplit(":", 1)[0] for text in found][:4] == [
        "cases.csv:acount",
        "cases.csv:deal: 1 id stands more than once",
        "cases.csv:stage",
        "cases.csv:won: not binary",
    ]
    assert found[4].startswith("turns.jsonl:None: broken JSON") and len(found) == 5


def test_missing_files_are_both_named(tmp_path):
    found = problems_of(config_of(transcripts="calls"), tmp_path)
    assert found == ["cases.csv:None: no such file", "calls:None: no such file"]


def test_table_without_rows(tmp_path):
    (tmp_path / "cases.csv").write_text("deal,won\n")
    assert problems_of(config_of(), tmp_path) == ["cases.csv:None: there is a header but no row"]


def test_table_without_features(tmp_path):
    deals()[["deal", "won"]].to_csv(tmp_path / "cases.csv", index=False)
    assert "nothing to predict from" in problems_of(config_of(), tmp_path)[0]


def test_turns_of_unknown_cases_are_a_warning_unless_all_are(folder):
    turns = talk()
    turns.loc[:4, "deal"] = "ghost"
    turns.to_csv(folder / "turns.csv", index=False)
    found = ingest(config_of(transcripts="turns.csv"), folder)
    assert found.counts["turns_of_unknown_cases"] == 5 and found.counts["cases_with_turns"] == N - 1
    assert "turns.csv: 5 turns belong to no known case, such as 'ghost'; left out" in found.warnings
    turns.assign(deal=turns["deal"].radd("D")).to_csv(folder / "turns.csv", index=False)
    with pytest.raises(InputError, match=r"no known|cases are named such as '000', '001', '002'") as caught:
        ingest(config_of(transcripts="turns.csv"), folder)
    assert "turns name 'Dghost', 'D001', 'D002'" in str(caught.value)


def test_empty_text_is_a_warning_unless_all_is(folder):
    turns = talk()
    turns.loc[:4, "text"] = "  "
    turns.to_csv(folder / "turns.csv", index=False)
    found = ingest(config_of(transcripts="turns.csv"), folder)
    assert "turns.csv: 5 turns have no text; left out" in found.warnings and found.counts["turns_without_text"] == 5
    turns.assign(text="").to_csv(folder / "turns.csv", index=False)
    assert problems_of(config_of(transcripts="turns.csv"), folder) == ["turns.csv:text: every turn is without text"]
    turns[:0].to_csv(folder / "turns.csv", index=False)
    assert problems_of(config_of(transcripts="turns.csv"), folder) == ["turns.csv:None: there is no turn"]


def test_cutoff_needs_times_of_turns(folder):
    talk().drop(columns="time").to_csv(folder / "turns.csv", index=False)
    found = problems_of(config_of(transcripts="turns.csv", cutoff="closed"), folder)
    assert found == ["turns.csv:time: data.cutoff is set, but no turn says when its call was held"]


def test_cases_without_turns_stay(folder):
    talk(5).to_csv(folder / "turns.csv", index=False)
    found = ingest(config_of(transcripts="turns.csv"), folder)
    assert len(found.cases) == N and found.counts["cases_with_turns"] == 5


def test_awkward_names_and_cells(folder):
    frame = deals().rename(columns={"amount": "target", "stage": "group", "reason": "case_id"})
    frame["case_id"] = np.arange(N)[::-1]
    frame["split"], frame["time"], frame["text"] = '=HYPERLINK("x")', "\u202eעברית", "a\0b"
    frame.loc[0, ["split", "time", "text"]] = "x" * 1_000_000
    frame["position; drop table"] = ["'", '"'] * (N // 2)
    frame.to_csv(folder / "cases.csv", index=False)
    config = config_of(transcripts="turns.csv", group="account")
    found = ingest(config, folder)
    assert list(found.cases)[:4] == ["case_id", "target", "group", "closed"]
    assert found.cases["case_id_"].tolist() == list(range(N))[::-1] and found.cases["case_id"][7] == "007"
    assert found.keys["target"].tolist() == [0, 1] * (N // 2)
    cases, turns, _ = read_new(folder / "cases.csv", folder / "turns.csv", found.schema, config.data)
    pd.testing.assert_frame_equal(cases, found.cases)
    pd.testing.assert_frame_equal(turns, found.turns)


def test_half_characters_in_cases_and_turns(tmp_path):
    rows = [{**row, "note": f"sad {row['deal']} \ud83d"} for row in deals().to_dict("records")]
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    lines = [json.dumps({"deal": row["deal"], "text": "\ude00", "speaker": "\ud83d"}) + "\n" for row in rows]
    (tmp_path / "turns.jsonl").write_text("".join(lines))
    found = ingest(config_of("cases.jsonl", transcripts="turns.jsonl"), tmp_path)
    assert found.turns["text"].unique().tolist() == found.turns["speaker"].unique().tolist() == ["\ufffd"]
    found.cases.to_parquet(tmp_path / "out.parquet")


def test_new_rows_need_no_label_and_may_be_frames(folder):
    config = config_of(transcripts="turns.csv", group="account", time="closed", cutoff="closed", drop=["reason"])
    found = ingest(config, folder)
    rows = deals(3).drop(columns=["won", "account", "reason"]).assign(stage=["never seen", None, "open"])
    cases, turns, warnings = read_new(rows, talk(2), found.schema, config.data)
    assert (
        list(cases) == list(found.cases)
        and cases["stage"][0] == "never seen"
        and warnings[0].startswith("transcripts:")
    )
    assert len(turns) == 0, "calls of May 10 are later than what closed in early May"
    cases, turns, warnings = read_new(
        rows.drop(columns="closed"), talk(2), found.schema, config.data, allow_missing=True
    )
    assert len(turns) == 8 and cases["closed"].isna().all() and any("data.cutoff" in text for text in warnings)
    cases, turns, warnings = read_new(rows, None, found.schema, config.data, allow_missing=True)
    assert list(turns) == list(found.turns) and len(warnings) == 1 and "none are given" in warnings[0]
    with pytest.raises(InputError, match="every row needs its id"):
        read_new(rows.drop(columns="deal"), None, found.schema, config.data)
    with pytest.raises(InputError, match=r"(?s)more than once.*no column 'text'"):
        read_new(pd.concat([rows, rows]), talk().drop(columns="text"), found.schema, config.data)


def test_new_turns_write_their_times_as_the_old_ones_did(folder):
    for values, new, form in (
        (["25/12/2023", "01/02/2024"], "03/04/2024", "%d/%m/%Y"),
        ([1714557600000, 1714557600001], 1712102400000, "epoch_ms"),
        ([3.5, 90], 200000000, "offset"),
    ):
        talk().assign(time=values * (2 * N)).to_csv(folder / "turns.csv", index=False)
        config = config_of(transcripts="turns.csv")
        schema = ingest(config, folder).schema
        assert schema.turn_time == form
        _, turns, _ = read_new(deals(1), talk(1).assign(time=new), schema, config.data)
        assert (turns["start"] == 2e8 if form == "offset" else turns["time"] == pd.Timestamp("2024-04-03")).all()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2024-05-01", "25.12.2023", "a date written as ISO8601"),
        ("25/12/2023", "2024-05-01", "a date written as %d/%m/%Y"),
        (1714557600, 1714557600000, "seconds since 1970"),
        (1714557600000, 1714557600, "milliseconds since 1970"),
        (12.5, "2024-05-01", "seconds in the call"),
    ],
)
def test_new_times_in_another_form_are_refused_and_single_ones_are_counted(folder, old, new, words):
    talk().assign(time=old).to_csv(folder / "turns.csv", index=False)
    config = config_of(transcripts="turns.csv")
    schema = ingest(config, folder).schema
    turns = talk(2).assign(time=new)
    with pytest.raises(InputError, match=rf"column 'time': not one value is {words}.*, such as '{new}'"):
        read_new(deals(2), turns, schema, config.data)
    turns["time"] = [old, new, "n/a", None] * 2
    _, read, warnings = read_new(deals(2), turns, schema, config.data)
    assert len(read) == 8 and any(f"2 values (such as '{new}') are not {words}" in text for text in warnings)
    # Calls without any time were never a problem.
    assert read_new(deals(2), talk(2).assign(time=None), schema, config.data)[2] == []


def test_times_that_are_lost_in_training_are_said(folder):
    turns = talk()
    turns.loc[3, "time"] = "last week"
    turns.to_csv(folder / "turns.csv", index=False)
    found = ingest(config_of(transcripts="turns.csv"), folder)
    assert (
        "turns.csv: column 'time': 1 values (such as 'last week') are not a date written as ISO8601; left blank"
        in found.warnings
    )


# A failing example is small as it is; shrinking it through four formats takes minutes.
QUICK = {"deadline": None, "database": None, "phases": [Phase.explicit, Phase.generate]}
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
CELLS = {
    "numbers": st.one_of(st.none(), st.floats(allow_nan=False, width=32), st.integers(-(2**40), 2**40).map(float)),
    "answers": st.one_of(st.none(), st.booleans().map(lambda value: "Yes" if value else "no")),
    "texts": st.one_of(st.none(), TEXTS),
    "dates": st.one_of(st.none(), st.datetimes().map(lambda moment: moment.isoformat())),
    "=a,b;\"c'": st.sampled_from(["x", "y,z", '"', "n/a", "1"]),
}


@settings(max_examples=30, suppress_health_check=list(HealthCheck), **QUICK)
@given(st.data())
def test_all_formats_give_the_same(tmp_path, data):
    n = 16
    ids = data.draw(st.lists(TEXTS.filter(str.strip), min_size=n, max_size=n, unique=True))
    frame = pd.DataFrame({"deal": pd.Series(ids, dtype="object"), "won": ["lost", "Won"] * (n // 2)})
    for name, cells in CELLS.items():
        values = data.draw(st.lists(cells, min_size=n, max_size=n))
        frame[name] = pd.Series(values, dtype="float64" if name == "numbers" else "object")
    frame["constant"] = [i % 2 for i in range(n)]
    words = st.lists(st.tuples(st.sampled_from(ids), TEXTS, TEXTS), min_size=5, max_size=12)
    turns = pd.DataFrame(data.draw(words), columns=["deal", "speaker", "text"], dtype="object")
    turns.loc[len(turns)] = [ids[0], "rep", "never empty"]
    found = []
    for suffix in ("csv", "tsv", "parquet", "jsonl"):
        write(frame, tmp_path / f"cases.{suffix}")
        write(turns, tmp_path / f"turns.{suffix}")
        config = config_of(f"cases.{suffix}", transcripts=f"turns.{suffix}", positive="Won", validation={"folds": 2})
        found.append(ingest(config, tmp_path))
        assert_same(found[0], found[-1])
        cases, again, _ = read_new(
            tmp_path / f"cases.{suffix}", tmp_path / f"turns.{suffix}", found[-1].schema, config.data
        )
        pd.testing.assert_frame_equal(cases, found[0].cases)
        pd.testing.assert_frame_equal(again, found[0].turns)
    assert found[0].cases["case_id"].tolist() == ids


@settings(max_examples=100, suppress_health_check=list(HealthCheck), **QUICK)
@given(
    st.sampled_from(["csv", "tsv", "parquet", "jsonl"]),
    st.sampled_from([b"", b"deal,won\n", b"deal\twon\n1\t2\n", b"PAR1", b'{"deal": 1, "won": 0}\n', b"\xff\xfe"]),
    st.one_of(
        st.binary(max_size=60), TEXTS.map(str.encode), st.text('",;\t\n\r01{}[]: dealwon', max_size=40).map(str.encode)
    ),
)
def test_garbage_gives_an_input_error(tmp_path, suffix, head, garbage):
    (tmp_path / f"cases.{suffix}").write_bytes(head + garbage)
    (tmp_path / f"turns.{suffix}").write_bytes(garbage)
    with pytest.raises(InputError):
        ingest(config_of(f"cases.{suffix}", transcripts=f"turns.{suffix}"), tmp_path)


@pytest.mark.parametrize(
    ("name", "data", "cases", "positives", "turns"),
    [
        ("persuasion_for_good", {"group": "group", "time": "date"}, 1017, 545, 20932),
        ("casino_points", {"group": "group"}, 2060, 764, 23838),
        ("mibot_smoking", {}, 106, 37, 8554),
        ("telco_churn_tabular", {"transcripts": None}, 7043, 1869, 0),
    ],
)
def test_real_sets(name, data, cases, positives, turns):
    if not (REAL / name).is_dir():
        pytest.skip(f"the real data set {name} is not under ../shared/data")
    data = {"cases": "table.csv", "transcripts": "transcripts.jsonl", "id": "case_id", "target": "target", **data}
    config = parse_config({"data": data})
    found = ingest(config, REAL / name)
    assert (found.counts["cases"], found.counts["positives"], found.counts["turns"]) == (cases, positives, turns)
    assert found.warnings == [] and set(found.turns["speaker"]) <= {"agent", "customer"}
    again = read_new(
        REAL / name / "table.csv",
        data["transcripts"] and REAL / name / "transcripts.jsonl",
        Schema.from_json(found.schema.to_json()),
        config.data,
    )
    pd.testing.assert_frame_equal(again[0], found.cases)
    pd.testing.assert_frame_equal(again[1], found.turns)
    assert leakage_warnings(found.cases, found.keys["target"], found.schema, found.keys["time"]) == []
