"""Input that people, machines or enemies broke: it ends as rows, with a warning where some may be wrong, or as one message.

Never as another error, never late, and never as other rows than the file has without a word.
"""

import codecs
import csv
import io
import json
import time

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nightshift.config import Config, parse_config
from nightshift.data.dialogues import SUFFIXES, read_dialogue
from nightshift.data.ingest import ingest
from nightshift.data.schema import apply_schema, infer_schema
from nightshift.data.tables import read_table
from nightshift.data.transcripts import read_turns
from nightshift.delivery import write_predictions
from nightshift.errors import InputError, Problem
from nightshift.experiment import read_experiment
from nightshift.files import write_json
from nightshift.ledger import write_ledger
from nightshift.prediction import Predicted

FUZZ = settings(
    max_examples=80, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# What breaks readers: separators, quotes, ends of lines, zero bytes, marks of byte order, text that runs backwards, formulas.
AWKWARD = st.sampled_from(
    ', ; \t " "" \n \r \r\n \0 \ufeff \u202e\u05d0 \u2028 \x85 =1+1 @SUM(A1) \' \\ { } [ ] : --> WEBVTT NaN 1,5 a 1'.split(
        " "
    )
)
SOUP = st.lists(AWKWARD, max_size=30).map("".join)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "cp1252")
EXPERIMENT = "views: {w: {kind: words}}\nbases: {w: {views: [w], learner: {kind: logistic}}}\n"


def read(path, content):
    """(table, warnings), or the message."""
    path.write_bytes(content)
    warnings = []
    try:
        return read_table(path, path.name, warnings=warnings), warnings
    except InputError as error:
        assert all(problem.remedy for problem in error.problems)
        return str(error), warnings


@FUZZ
@given(
    st.lists(st.lists(SOUP, min_size=3, max_size=3), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_rows_in_are_rows_out_whatever_the_cells_hold(tmp_path, rows, end, separator):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([["id", "x", "y"], *rows])
    table, _ = read(tmp_path / "a.csv", text.getvalue().encode())
    expected = [[cell if cell.strip() else None for cell in row] for row in rows]
    assert [list(row.values()) for row in table.to_pylist()] == expected


@FUZZ
@given(st.lists(st.lists(SOUP, min_size=2, max_size=2), min_size=1, max_size=5), st.integers(0, 200))
@example([["", ""], ["", ""]], 1)
def test_a_quote_that_is_lost_is_an_error_or_a_warning(tmp_path, rows, which):
    """Take one quote away: as many rows as before, or it is said."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [["id", "x", "y"]] + [["7", *r] for r in rows]
    )
    whole = text.getvalue()
    quotes = [place for place, sign in enumerate(whole) if sign == '"'][6:]
    place = quotes[which % len(quotes)]
    found, warnings = read(tmp_path / "a.csv", (whole[:place] + whole[place + 1 :]).encode())
    assert isinstance(found, str) or found.num_rows == len(rows) or warnings


@settings(FUZZ, max_examples=25)
@given(
    st.lists(
        st.dictionaries(st.text(max_size=4), st.one_of(SOUP, st.integers(), st.none(), st.lists(SOUP)), min_size=1)
    )
)
def test_json_lines_keep_every_line(tmp_path, rows):
    content = "\n".join(json.dumps(row) for row in rows).encode()
    found, _ = read(tmp_path / "a.jsonl", content)
    if not isinstance(found, str):
        assert found.num_rows == len(rows)


@FUZZ
@given(
    SOUP,
    st.sampled_from(ENCODINGS),
    st.sampled_from(["a.csv", "a.tsv", "a.jsonl"]),
    st.sampled_from(["id,x\n", "{", ""]),
)
def test_soup_is_a_table_or_a_message(tmp_path, soup, encoding, name, head):
    found, _ = read(tmp_path / name, (head + soup).encode(encoding, "replace"))
    assert isinstance(found, str) or found.num_columns


@FUZZ
@given(
    SOUP,
    st.sampled_from(ENCODINGS),
    st.sampled_from(SUFFIXES),
    st.sampled_from(
        ["WEBVTT\n\n00:01.000 --> 00:02.000\n", "1\n00:00:01,000 --> 00:00:02,000\n", '[{"text":"', "Ann: ", ""]
    ),
)
def test_soup_is_a_transcript_or_a_problem(tmp_path, soup, encoding, suffix, head):
    path = tmp_path / f"a{suffix}"
    path.write_bytes((head + soup).encode(encoding, "replace"))
    turns = read_dialogue(path, path.name)
    assert isinstance(turns, Problem) or all(isinstance(turn, dict) for turn in turns)


@FUZZ
@given(
    st.lists(st.text("abc\u05d0 \u202e", min_size=1, max_size=8).filter(str.strip), min_size=1, max_size=6), st.data()
)
@pytest.mark.parametrize("form", ["vtt", "srt"])
def test_no_caption_is_lost_between_blank_lines(tmp_path, form, said, data):
    """Each line of text comes out, also below a blank line within a cue."""
    lines = ["WEBVTT", ""] if form == "vtt" else []
    for number, text in enumerate(said):
        if number == 0 or data.draw(st.booleans()):
            comma = "." if form == "vtt" else ","
            lines += ["", f"00:00:0{number}{comma}000 --> 00:00:0{number}{comma}900"]
        elif data.draw(st.booleans()):
            lines.append("")
        lines.append(text)
    path = tmp_path / f"a.{form}"
    path.write_text(data.draw(st.sampled_from(["\n", "\r\n"])).join(lines), encoding="utf-8")
    turns = read_dialogue(path, path.name)
    assert "".join("".join(turn["text"].split()) for turn in turns) == "".join("".join(text.split()) for text in said)


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "<v " * 50_000),
        ("vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n<v" + " " * 200_000),
        ("vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "<" * 200_000),
        ("srt", "1\n00:00:01,000 --> 00:00:02,000\n" + "&" * 200_000),
        ("txt", "Ann: " + "A:" * 1_000_000),
        ("txt", "[00:05" + " " * 200_000),
        ("json", "[" * 200_000),
    ],
    ids=lambda value: value[:3] if len(value) < 5 else value[-3:],
)
def test_no_file_takes_longer_than_its_length_asks(tmp_path, suffix, content):
    path = tmp_path / f"a.{suffix}"
    path.write_text(content)
    start = time.process_time()
    read_dialogue(path, path.name)
    assert time.process_time() - start < 5


def test_a_quote_that_never_closes_names_its_row(tmp_path):
    message, _ = read(tmp_path / "a.csv", b'id,x\n1,ok\n2,"open\n3,c\n4,d\n')
    assert "a.csv, column 'x', row 2" in message and "swallows the 2 lines below it" in message
    for fine in (
        b'id,x\n1,"a\nb"\n',
        b'id,x\n1,""\n',
        b'id,x\n1,"a"""',
        b'id,x\n1,5" pipe\n',
        b'id,x\n1,"say ""no"""\n',
    ):
        found, warnings = read(tmp_path / "a.csv", fine)
        assert found.num_rows == 1 and not warnings, fine


def test_rows_within_a_cell_are_said(tmp_path):
    found, warnings = read(tmp_path / "a.csv", b'id,x,y\n1,a,"open\n2,b,"c"\n3,d,e\n')
    assert found.num_rows == 2 and "row 1, column 'y'" in warnings[0] and "double quote" in warnings[0]
    letter = b'id,x,y\n1,a,"Dear Ann,\nthank you, really\n\nBob"\n'
    assert read(tmp_path / "a.csv", letter)[1] == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_with_its_mark_and_named_without(tmp_path, encoding):
    found, _ = read(tmp_path / "a.csv", "id,x\n1,2\n".encode(encoding))
    (tmp_path / "a.txt").write_bytes("Ann: hi\n".encode(encoding))
    turns = read_dialogue(tmp_path / "a.txt", "a.txt")
    if encoding == "utf-16":
        assert found.to_pylist() == [{"id": "1", "x": "2"}] and turns[0]["text"] == "hi"
    else:
        assert "UTF-16 without its mark" in found and "CSV UTF-8" in found and "zero bytes" in str(turns)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_ends_of_lines_and_marks_of_byte_order(tmp_path, ends):
    content = codecs.BOM_UTF8 + ends.join(["id,x", "1,2", "3,4", ""]).encode()
    assert read(tmp_path / "a.csv", content)[0].to_pylist() == [{"id": "1", "x": "2"}, {"id": "3", "x": "4"}]
    mixed = b"id,x\r\n1,2\n3,4\r5,6\r\n"
    assert read(tmp_path / "a.csv", mixed)[0].num_rows == 3


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1.234,5", "0,5", "12", "1.000.000,25"], [1234.5, 0.5, 12, 1000000.25]),
        (["1,5 €", "€ 2,25", "-3,5"], [1.5, 2.25, -3.5]),
        (["1,234", "0,5"], [1.234, 0.5]),
        (["1,234", "5,678"], [1234, 5678]),
        (["1,234.5", "6"], [1234.5, 6]),
    ],
)
def test_decimal_commas(cells, numbers):
    schema, warnings = infer_schema(pd_table(cells), ["x"])
    cast, _ = apply_schema(pd_table(cells), schema)
    assert cast["x"].tolist() == numbers
    assert bool(warnings) == (numbers[-1] != 6 and numbers[-1] != 5678)
    # A later row is read by the column's form, not by its own looks.
    if warnings:
        assert apply_schema(pd_table(["1.234", "7,5"]), schema)[0]["x"].tolist() == [1234, 7.5]


def test_two_forms_of_numbers_in_one_column_are_said():
    schema, warnings = infer_schema(pd_table(["1,5", "1.5", "2,5", "2.25"]), ["x"])
    assert schema.columns == {"x": "category"} and "decimal comma and some a decimal point" in warnings[0]
    assert infer_schema(pd_table(["1, 2", "3, 4", "a"]), ["x"])[1] == []


def pd_table(cells):
    from nightshift.data.tables import table_of_frame

    return table_of_frame(pd.DataFrame({"x": cells}), "rows")


def test_lines_that_may_be_no_turns_and_files_that_may_be_twins_are_said(tmp_path):
    (tmp_path / "D1.txt").write_text("\nAnn: hi\nBob: hello\nAnn: the offer is\nPrice: 5\nBob: fine\n")
    (tmp_path / "D2.txt").write_text("Ann: hi\nCy: hello\n")
    (tmp_path / "D2.json").write_text('[{"speaker": "Ann", "text": "hi"}]')
    turns, warnings = read_turns(tmp_path, "calls", "deal", ["D1", "D2"])
    assert len(turns) == 8
    assert "1 line begins with a name that speaks only once, such as 'Price: 5' (D1.txt, line 5)" in warnings[0]
    assert "D2.json and D2.txt" in warnings[1]
    (tmp_path / "D1.txt").write_text("Ann: hi\nBob: hello\nAnn: the offer is\n- Price: 5\nBob: fine\n")
    (tmp_path / "D2.json").unlink()
    turns, warnings = read_turns(tmp_path, "calls", "deal", ["D1", "D2"])
    assert warnings == [] and "the offer is\n- Price: 5" in turns["text"].tolist()


def test_seconds_that_are_none_are_said(tmp_path):
    (tmp_path / "turns.csv").write_text("case,text,start\n1,a,1.5\n1,b,soon\n")
    assert "column 'start': 1 values are no seconds" in read_turns(tmp_path / "turns.csv", "turns.csv", "id")[1][0]


@pytest.mark.parametrize("columns", [1_000, pytest.param(20_000, marks=pytest.mark.soak)])
def test_thousands_of_columns_cells_of_ten_megabytes_and_formulas(tmp_path, columns):
    """A whole ingest: as many rows and columns, and every cell as it was."""
    rows = [["id", "won", "note", *(f"c{i}" for i in range(columns))]]
    for number in range(20):
        note = ['=HYPERLINK("http://x")', "a\0b", "\u202e\u05e9\u05dc\u05d5\u05dd", "x" * 10_000_000][number % 4]
        rows.append([f"@{number}", str(number % 2), note, *(str((number * i) % 3) for i in range(columns))])
    with open(tmp_path / "cases.csv", "w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows(rows)
    data = {"cases": "cases.csv", "id": "id", "target": "won"}
    made = ingest(Config.model_validate({"data": data, "validation": {"folds": 2}}), tmp_path)
    assert made.cases["case_id"].tolist() == [row[0] for row in rows[1:]]
    assert made.cases["note"].tolist() == [row[2] for row in rows[1:]]
    assert len(made.schema.columns) == columns + 1
    assert made.cases["c7"].tolist() == [float(row[10]) for row in rows[1:]]


def message_of(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    start = time.process_time()
    with pytest.raises(InputError) as caught:
        read_experiment(path)
    assert time.process_time() - start < 10
    assert len(str(caught.value)) < 3000
    return str(caught.value)


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)
MERGED = "".join(f"m{i}: &m{i} {{<<: [{', '.join([f'*m{i - 1}'] * 10)}], k: 1}}\n" for i in range(1, 9))
LEVELS = "".join(
    f"  b{i}{t}: {{bases: [b{i - 1}x, b{i - 1}y], learner: {{kind: logistic}}}}\n" for i in range(1, 30) for t in "xy"
)
LOGISTIC = "{views: [w], learner: {kind: logistic}}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 20_000, "nested too deeply"),
        ("{a: " * 3000 + "1" + "}" * 3000, "nested too deeply"),
        (LAUGHS + "views: *a11\n", "more than 20,000 parts"),
        (LAUGHS + "hypothesis: *a11\n" + EXPERIMENT, "more than 20,000 parts"),
        ("m0: &m0 {k: 1}\n" + MERGED, "more than 20,000 parts"),
        ("views: &v {w: *v}\n", "stands inside itself"),
        (EXPERIMENT + "hypothesis: 2024-99-99\n", "month must be"),
        (EXPERIMENT + "hypothesis: !!int x\n", "not readable as YAML"),
        (EXPERIMENT + "id: " + "9" * 5000, "4300 digits"),
        (EXPERIMENT + "id: 1" + ":59" * 5000, "thousands of digits"),
        (EXPERIMENT + "id: !!python/object/apply:os.system [ls]\n", "could not determine a constructor"),
        (EXPERIMENT + "views: {w: {kind: chars}}\n", "the key 'views' stands twice"),
        (EXPERIMENT + 'hypothesis: "\\ud800"\n', "half a character"),
        (EXPERIMENT + "hypothesis: " + "x" * 3000, "at most 2000 characters"),
        (EXPERIMENT + "hypothesis: " + "x" * 10_000_000, "larger than 1 MB"),
        (EXPERIMENT.replace("w:", f"{'w' * 200}:").replace("[w]", f"[{'w' * 200}]"), "at most 120 bytes"),
        ("a: \0", "unacceptable character"),
        (EXPERIMENT.encode("utf-16"), "not readable as YAML"),
        (f"views: {{w: {{kind: words}}}}\nbases:\n  b0x: {LOGISTIC}  b0y: {LOGISTIC}{LEVELS}", "10,000 ways"),
    ],
)
def test_yaml_that_is_broken_or_grows_is_a_message(tmp_path, text, said):
    assert said in message_of(tmp_path / "a.yaml", text)


@FUZZ
@given(st.one_of(SOUP, st.binary(max_size=60), SOUP.map(lambda soup: EXPERIMENT + soup)))
def test_yaml_soup_is_an_experiment_or_a_message(tmp_path, soup):
    path = tmp_path / "a.yaml"
    path.write_bytes(soup if isinstance(soup, bytes) else soup.encode())
    try:
        again = tmp_path / "again.yaml"
        read_experiment(path).write(again)
        read_experiment(again)
    except InputError as error:
        assert all(problem.remedy for problem in error.problems)


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), SOUP)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
KEYS = st.sampled_from(
    [*Config.model_fields, *Config.model_fields["search"].annotation.model_fields, "cases", "id", "cutoff"]
)


@FUZZ
@given(st.dictionaries(KEYS, st.one_of(TREES, st.dictionaries(KEYS, TREES, max_size=4)), max_size=4))
def test_any_tree_is_a_configuration_or_a_message(content):
    try:
        parse_config(yaml.safe_load(yaml.safe_dump(content)))
    except InputError as error:
        assert all(problem.remedy for problem in error.problems)


@pytest.mark.parametrize(
    "text", ["=HYPERLINK(A1)", "+1", "-2", "@SUM(A1)", " =1+1", "\t=1+1", "\n@x", "\uff1d1", '"=1+1"', '"open']
)
def test_no_cell_of_the_ledger_is_a_formula(tmp_path, text):
    """People open it in spreadsheets; hypotheses and reasons are anybody's text."""
    experiment = {"author": "human", "parent": text, "hypothesis": text}
    metrics = {"status": "crash", "cv_auc": None, "delta": -0.25, "stack": "logistic", "kind": "error", "reason": text}
    write_json(tmp_path / "results/history/exp-0000.json", {"experiment": experiment})
    write_json(tmp_path / "results/experiments/exp-0000/metrics.json", metrics)
    write_ledger(root=tmp_path)
    with open(tmp_path / "results/ledger.tsv", newline="", encoding="utf-8") as handle:
        (row,) = csv.DictReader(handle, delimiter="\t")
    assert row["delta"] == "-0.25"
    assert row["parent"] == f"'{text.strip()}" and row["hypothesis"].startswith(f"'{text.strip()} [error: ")


def test_predictions_hold_no_formula_and_ids_stay_what_they_are(tmp_path):
    ids = ["D1", "@ann", "-17", "+49 30", "=HYPERLINK(A1)", "=cmd|' /C calc'!A0"]
    table = pd.DataFrame({"case_id": ids, "probability": 0.5})
    write_predictions(tmp_path / "p.csv", Predicted(table, [], [], 0, "exp-0001", "deal", {}))
    read = pd.read_csv(tmp_path / "p.csv", dtype=str)
    assert read["deal"].tolist() == [*ids[:4], f"'{ids[4]}", f"'{ids[5]}"]
