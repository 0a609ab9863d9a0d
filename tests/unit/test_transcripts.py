"""Turns from tables and from folders of every kind of transcript."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightshift.data.dialogues import SUFFIXES, BadTranscriptError, parse_captions, parse_lines
from nightshift.data.folders import name_of_call
from nightshift.data.tables import table_of_frame
from nightshift.data.transcripts import read_turns, turns_of_table
from nightshift.data.turns import TYPES, arrange, no_turns
from nightshift.errors import InputError

VTT = """WEBVTT

1
00:01.000 --> 00:02.500 align:start
<v Ann Lee>Hello &amp; <b>welcome</b></v>

00:03.000 --> 00:04.000
<v.loud Bob>Hi!</v>
<v Ann Lee>So,

00:05.000 --> 00:06.000
Bob: And the price: is it fixed?
"""
SRT = "1\n00:00:01,000 --> 00:00:02,500\nAnn: Hello\n\n2\n00:01:03,000 --> 00:01:04,000\nstill <i>me</i>\n"
TXT = "[00:00:05] Ann de Vries: Hello\nand welcome\n\n(01:02:03) customer: And he said: no\n00:07 Bob: 10:30\n10:30 is fine\n"


def put(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def columns(turns, *names):
    return list(turns[list(names)].itertuples(index=False, name=None))


def of_frame(**data):
    return turns_of_table(table_of_frame(pd.DataFrame(data), "t"), "t", "deal")


def test_vtt():
    turns = [(t["speaker"], t["text"], t["start"], t["end"]) for t in parse_captions(VTT, "vtt")]
    assert turns == [
        ("Ann Lee", "Hello & welcome", 1.0, 2.5),
        ("Bob", "Hi!", 3.0, 4.0),
        ("Ann Lee", "So,", 3.0, 4.0),
        ("Bob", "And the price: is it fixed?", 5.0, 6.0),
    ]


def test_srt_carries_the_speaker_on():
    turns = parse_captions(SRT, "srt")
    assert [(t["speaker"], t["text"], t["start"]) for t in turns] == [("Ann", "Hello", 1.0), ("Ann", "still me", 63.0)]


def test_srt_without_numbers():
    turns = parse_captions(SRT.replace("2\n00:01", "00:01"), "srt")
    assert [t["text"] for t in turns] == ["Hello", "still me"]


@pytest.mark.parametrize("form", ["vtt", "srt"])
def test_no_cue_is_lost_in_silence(form):
    head = "WEBVTT\n\n" if form == "vtt" else ""
    with pytest.raises(BadTranscriptError, match="not a line of times: '00:01 --> 00:0x'") as caught:
        parse_captions(f"{head}00:00:01.000 --> 00:00:02.000\nhi\n\n00:01 --> 00:0x\nlost\n", form)
    assert caught.value.line == 4 + 2 * (form == "vtt")


def test_txt():
    assert [(t["speaker"], t["text"], t["start"]) for t in parse_lines(TXT)] == [
        ("Ann de Vries", "Hello\nand welcome", "00:00:05"),
        ("customer", "And he said: no", "01:02:03"),
        ("Bob", "10:30\n10:30 is fine", "00:07"),
    ]
    assert parse_lines("[00:05]\nשרה: שלום\nhttps://x.y")[0] == {
        "speaker": "שרה",
        "text": "שלום\nhttps://x.y",
        "start": "00:05",
        "line": 2,
    }


def test_folder_of_all_kinds(tmp_path):
    segments = {"date": "2024-05-02", "Segments": [{"Role": "rep", "Content": "Hi", "turn": 0, "start": 1.5}]}
    put(
        tmp_path,
        {
            "A.vtt": VTT,
            "B__2024-05-01.srt": SRT,
            "B__x__y.txt": TXT,
            "C/first call.json": json.dumps(segments),
            "C/2.json": json.dumps([{"speaker": "s", "text": "t", "start_time": "00:01:00"}]),
            "a__b.txt": "just words",
            ".DS_Store": b"\xff",
            "notes.docx": "x",
            "C/deep/er.txt": "x",
            "empty.txt": "",
        },
    )
    turns, warnings = read_turns(tmp_path, "calls", "deal", ["A", "B", "C", "a__b"])
    assert list(turns[["case_id", "call"]].drop_duplicates().itertuples(index=False, name=None)) == [
        ("A", "1"),
        ("B", "2024-05-01"),
        ("B", "x__y"),
        ("a__b", "1"),
        ("C", "2"),
        ("C", "first call"),
    ]
    rows = turns.set_index("call")
    assert rows.loc["2024-05-01", "time"].tolist() == [pd.Timestamp("2024-05-01")] * 2
    assert rows.loc["first call", ["speaker", "text", "start"]].tolist() == ["rep", "Hi", 1.5]
    assert rows.loc["first call", "time"] == pd.Timestamp("2024-05-02")
    assert rows.loc["2", "start"] == 60 and rows.loc["x__y", "start"].tolist() == [5, 3723, 7]
    assert turns.loc[turns["text"] == "just words", "speaker"].tolist() == ["unknown"]
    assert len(warnings) == 1 and "'notes.docx'" in warnings[0]


def test_names_of_calls():
    from pathlib import PurePath

    forms = {"a__b": "a__b", "a": "a", "é": "é"}
    for name, expected in {
        "a__b.vtt": ("a__b", "1"),
        "a__b__c.vtt": ("a__b", "c"),
        "a__c__d.vtt": ("a", "c__d"),
        "x__y.vtt": ("x", "y"),
        "e\u0301.vtt": ("é", "1"),
        "e\u0301/1.vtt": ("é", "1"),
    }.items():
        assert name_of_call(PurePath(name), forms) == expected


def test_every_bad_file_of_a_folder_is_named_with_its_line(tmp_path):
    put(
        tmp_path,
        {
            "a.vtt": "no header",
            "b.srt": "nothing",
            "c.json": '[{"text": "x"},\n{]',
            "d.json": '{"talk": []}',
            "e.json": '["x"]',
            "f.txt": b"Ann: hi\nBob: \xff\n",
            "g.txt": "Ann: fine",
        },
    )
    with pytest.raises(InputError) as caught:
        read_turns(tmp_path, "calls", "deal")
    found = {problem.file: problem for problem in caught.value.problems}
    assert set(found) == {f"calls/{name}" for name in ("a.vtt", "b.srt", "c.json", "d.json", "e.json", "f.txt")}
    assert found["calls/c.json"].row == 2 and "broken JSON" in found["calls/c.json"].what
    assert found["calls/f.txt"].row == 2 and "UTF-8" in found["calls/f.txt"].what
    assert "list of turns" in found["calls/d.json"].what and "turn 1" in found["calls/e.json"].what
    assert "WEBVTT" in found["calls/a.vtt"].remedy


def test_folder_without_transcripts(tmp_path):
    with pytest.raises(InputError, match=r"calls: no transcript in this folder\n    -> put files such as <case>\.vtt"):
        read_turns(tmp_path, "calls", "deal")


def test_aliases_in_any_case():
    turns, _ = of_frame(
        Case=["1"], CONVERSATION_ID=["9"], Turn_Index=[3], Role=[" rep "], Message=["hi"], Called_At=["2024-05-01"]
    )
    assert columns(turns, *TYPES)[0][:5] == ("1", "9", 3, "rep", "hi")
    assert turns["time"][0] == pd.Timestamp("2024-05-01")
    turns, _ = of_frame(case_id=["no"], deal=["yes"], text=["t"], Text=["T"])
    assert columns(turns, "case_id", "call", "speaker", "text") == [("yes", "1", "unknown", "t")]


def test_missing_columns_name_the_nearest():
    with pytest.raises(InputError) as caught:
        of_frame(deal_nr=[1], words=["x"], contents=["y"])
    first, second = caught.value.problems
    assert "'case_id'" in first.what and "call it one of deal, case_id, case" in first.remedy
    assert "'text'" in second.what and "is it 'contents'?" in second.remedy


def test_times_are_dates_epochs_or_offsets():
    expected = pd.Timestamp("2024-05-01 10:00")
    for value in ("2024-05-01T10:00", "2024-05-01 12:00:00+02:00", 1714557600, 1714557600000, expected):
        turns, warnings = of_frame(deal=[1], text=["x"], timestamp=[value])
        assert turns["time"][0] == expected and warnings == [], value
    for value in ("00:01:30.5", 90.5, "01:30.5"):
        turns, _ = of_frame(deal=[1], text=["x"], timestamp=[value])
        assert turns["start"][0] == 90.5 and turns["time"].isna().all()
    turns, warnings = of_frame(deal=[1], text=["x"], time=["noon"])
    assert turns["time"].isna().all() and "holds no dates" in warnings[0]


def test_arrange_sorts_and_drops():
    raw, _ = of_frame(
        deal=["2", "2", "1", "2", "9", "1", None, "2"],
        call=["b", "a", "x", "b", "x", "x", "x", "b"],
        position=[2, 0, 5, 1, 0, 4, 0, 0],
        text=["b2", "a0", "x5", "b1", "lost", "x4", "lost", " "],
        time=[None, "2024-05-02", None, "2024-05-01", None, None, None, None],
    )
    turns, counts, warnings = arrange(raw, pd.Series(["1", "2", "3"]), None, "t")
    assert columns(turns, "case_id", "call", "position", "text") == [
        ("1", "x", 0, "x4"),
        ("1", "x", 1, "x5"),
        ("2", "b", 0, "b1"),
        ("2", "b", 1, "b2"),
        ("2", "a", 0, "a0"),
    ]
    assert turns.dtypes.to_dict() == no_turns().dtypes.to_dict()
    assert counts["turns_of_unknown_cases"] == 2 and counts["turns_without_text"] == 1
    assert warnings == [
        "t: 2 turns belong to no known case (1 name no case), such as '9'; left out",
        "t: 1 turns have no text; left out",
    ]


def test_calls_without_time_follow_in_order_of_appearance_and_gaps_keep_the_file():
    raw, warnings = of_frame(
        deal=["1"] * 4,
        call=["z", "a", "z", "late"],
        position=["9", None, "x", "1"],
        text=list("abcd"),
        time=[None, None, None, "2024-05-01"],
    )
    turns, _, _ = arrange(raw, pd.Series(["1"]), None, "t")
    assert "".join(turns["text"]) == "dacb" and "1 values are no numbers" in warnings[0]


def test_turns_after_the_cutoff_are_dropped_and_counted():
    raw, _ = of_frame(
        deal=["1", "1", "1", "2", "3"],
        call=["a", "a", "b", "a", "a"],
        text=list("abcde"),
        time=["2024-05-01", None, "2024-05-03", None, "2024-05-09"],
    )
    cutoff = pd.Series(pd.to_datetime(["2024-05-02", "2024-05-02", None])).astype("datetime64[us]")
    turns, counts, warnings = arrange(raw, pd.Series(["1", "2", "3"]), cutoff, "t")
    # The second turn of call a was held when its call was; case 3 has no cutoff.
    assert "".join(turns["text"]) == "abe"
    assert counts["turns_after_cutoff"] == 1 and counts["turns_without_time"] == 1
    assert "later than the prediction (data.cutoff)" in warnings[0] and "say no time" in warnings[1]


@pytest.mark.parametrize(
    ("cutoff", "kept"),
    [("2024-05-02", "a"), ("2024-05-02 15:00", "ac"), ("2024-05-03", "abc"), ("2024-05-02 23:59:59.999999", "abc")],
)
def test_a_call_of_which_only_the_day_is_known_may_have_been_held_at_its_end(cutoff, kept):
    raw, _ = of_frame(
        deal=["1", "1", "1"],
        call=["a", "b", "c"],
        text=list("abc"),
        time=["2024-05-01 00:00", "2024-05-02 00:00", "2024-05-02 14:00"],
    )
    turns, _, _ = arrange(raw, pd.Series(["1"]), pd.Series([pd.Timestamp(cutoff)]).astype("datetime64[us]"), "t")
    assert sorted(turns["text"]) == list(kept)


def test_a_call_that_begins_at_midnight_and_goes_on_has_an_hour():
    raw, _ = of_frame(deal=["1", "1"], call=["a", "a"], text=list("ab"), time=["2024-05-02 00:00", "2024-05-02 00:30"])
    turns, _, _ = arrange(
        raw, pd.Series(["1"]), pd.Series([pd.Timestamp("2024-05-02 12:00")]).astype("datetime64[us]"), "t"
    )
    assert sorted(turns["text"]) == ["a", "b"]


def test_nothing_left_is_still_a_frame_of_turns():
    raw, _ = of_frame(deal=["9"], text=["x"])
    for cutoff in (None, pd.Series([pd.Timestamp("2024-05-01")])):
        turns, _, _ = arrange(raw, pd.Series(["1"]), cutoff, "t")
        pd.testing.assert_frame_equal(turns, no_turns())


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([*SUFFIXES, ".csv", ".jsonl"]),
    st.one_of(st.binary(max_size=80), st.text(max_size=80).map(lambda s: s.encode("utf-8", "replace"))),
    st.sampled_from([b"", b"WEBVTT\n\n00:01.000 --> 00:02.000\n", b"1\n00:00:01,000 --> 00:00:02,000\n", b'[{"text":']),
)
def test_garbage_gives_turns_or_an_input_error(tmp_path, suffix, garbage, head):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(head + garbage)
    try:
        turns, _ = read_turns(tmp_path if suffix in SUFFIXES else path, "calls", "deal", ["a"])
        arrange(turns, pd.Series(["a"]), None, "calls")
    except InputError:
        pass
    finally:
        path.unlink()


@settings(max_examples=40, deadline=None, database=None)
@given(st.lists(st.tuples(st.sampled_from("123x"), st.sampled_from("ab"), st.integers(0, 5)), max_size=20))
def test_order_is_that_of_a_plain_sort(rows):
    frame = pd.DataFrame(rows, columns=["deal", "call", "position"]).astype({"deal": str, "call": str})
    frame["text"] = [f"t{i}" for i in range(len(rows))]
    raw, _ = turns_of_table(table_of_frame(frame, "t"), "t", "deal")
    turns, _, _ = arrange(raw, pd.Series(["3", "1", "2"]), None, "t")
    known = frame[frame["deal"] != "x"]
    first = {key: i for i, key in reversed(list(enumerate(zip(known["deal"], known["call"], strict=True))))}
    keys = [("312".index(r.deal), first[r.deal, r.call], r.position, i) for i, r in enumerate(known.itertuples())]
    assert turns["text"].tolist() == [known["text"].iloc[i] for *_, i in sorted(keys)]
    assert (
        turns.groupby(["case_id", "call"])["position"].transform(lambda s: np.arange(len(s))) == turns["position"]
    ).all()
