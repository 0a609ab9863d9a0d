"""Calls in cells, decimal commas, decided outcomes, encodings, workbooks and names of files: the doors of ingest."""

import json

import exports
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.config import Data
from nightshift.data import cells, dates, decimals, encodings, outcomes
from nightshift.data.folders import name_of_call
from nightshift.data.prepare import prepare
from nightshift.data.schema import apply_schema, infer_schema
from nightshift.data.tables import read_table, table_of_frame
from nightshift.errors import InputError


@pytest.mark.parametrize(
    "text",
    [
        "Rep: hello there\nAnn: hi\nRep: bye",
        "Rep: hello there<br>Ann: hi<br/>Rep: bye",
        r"Rep: hello there\nAnn: hi\nRep: bye",
        "Rep: hello there Ann: hi Rep: bye",
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Rep>hello there</v>\n\n00:02.000 --> 00:03.000\n<v Ann>hi</v>\n\n"
        "00:03.000 --> 00:04.000\n<v Rep>bye</v>",
        "1\n00:00:01,000 --> 00:00:02,000\nRep: hello there\n\n2\n00:00:02,000 --> 00:00:03,000\nAnn: hi\n\n"
        "3\n00:00:03,000 --> 00:00:04,000\nRep: bye\n",
    ],
)
def test_a_cell_holds_a_call(text):
    assert [(turn["speaker"], turn["text"].strip()) for turn in cells.turns_of_cell(text)] == [
        ("Rep", "hello there"),
        ("Ann", "hi"),
        ("Rep", "bye"),
    ]
    assert cells.is_dialogue(text)


@pytest.mark.parametrize("text", ["Needs approval from Laura. Inbound.", "Note: call back", "10:30 works: fine", ""])
def test_notes_are_no_calls(text):
    assert not cells.is_dialogue(text)


@given(st.text(max_size=200))
def test_any_cell_can_be_read(text):
    for turn in cells.turns_of_cell(text):
        assert isinstance(turn["text"], str)


def test_decimal_commas_are_read_cell_by_cell():
    column = [
        "1.234,56 €",
        "12,5",
        "-3",
        "1 234,5",
        "1\u00a0234",
        "1'234,50",
        "01234",
        "31.12.2024",
        "a, b",
        None,
        "1.5",
    ]
    table = pa.table({"x": pa.array(column, pa.large_string()), "id": pa.array(column, pa.large_string())})
    read = decimals.with_points(table, {"id"})
    expected = ["1234.56", "12.5", "-3", "1234.5", "1234", "1234.50", "01234", "31.12.2024", "a, b", None, "1.5"]
    assert read["x"].to_pylist() == expected and read["id"].to_pylist() == column


TYPED = [{"id": "a", "x": 0.125, "y": 0.125, "z": 0.125}, {"id": "b", "x": 12.25, "y": "1.234,5", "z": "unknown"}]


def write_typed(rows, path):
    if path.suffix == ".xlsx":
        exports.write_workbook(path, [list(rows[0]), *(list(row.values()) for row in rows)])
    elif path.suffix == ".parquet":
        pd.DataFrame(rows).astype({"y": "str", "z": "str"}).to_parquet(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def read_typed(rows, path):
    """The rows as text, by way of a frame (no suffix) or a file; JSON lines with a wildcard in the name are read line by line."""
    if not path.suffix:
        return table_of_frame(pd.DataFrame(rows), "rows")
    write_typed(rows, path)
    return read_table(path)


@pytest.mark.parametrize("name", ["frame", "a.xlsx", "a.parquet", "a.jsonl", "a[1].jsonl"])
def test_typed_numbers_have_no_thousands(tmp_path, name):
    """0.125 is 0125 to the rules for commas: they are for text alone."""
    data = Data(cases="c", id="id", target="won", decimal=",")
    table = prepare(read_typed(TYPED, tmp_path / name), data, "rows", labelled=False).table
    assert table["x"].to_pylist() == ["0.125", "12.25"]
    if name != "a.parquet":  # where a column has one type, that of text here
        assert dates.parse_numbers(table["y"].combine_chunks()).tolist() == [0.125, 1234.5], "cell by cell"
        assert table["z"].to_pylist() == ["0.125", "unknown"], "words do not make numbers text"
    text = table_of_frame(pd.DataFrame({"id": ["a"], "x": ["1.234"]}), "rows")
    assert prepare(text, data, "rows", labelled=False).table["x"].to_pylist() == ["1234"]


@pytest.mark.parametrize("name", ["frame", "a.xlsx", "a.parquet", "a.jsonl", "a[1].jsonl"])
def test_typed_numbers_are_known_where_the_training_had_commas(tmp_path, name):
    schema, _ = infer_schema(table_of_frame(pd.DataFrame({"x": ["0,5", "1.234,5"]}), "rows"), ["x"])
    assert schema.formats == {"x": dates.DECIMAL_COMMA}
    cases, warnings = apply_schema(read_typed(TYPED, tmp_path / name), schema)
    assert cases["x"].tolist() == [0.125, 12.25] and warnings == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [(["1,5", "2,25"], True), (["1.234,5", "7"], True), (["1,234", "5,678"], False), (["1.5"], False), (["a"], False)],
)
def test_which_columns_write_commas(values, expected):
    assert decimals.writes_commas(pa.array(values, pa.large_string())) is expected


def test_rows_without_an_outcome_are_left_out():
    table = pa.table({"stage": pa.array(["Won", "Lost ", "Open", None, "Lost"], pa.large_string())})
    data = Data(cases="c.csv", id="id", target="stage", positive="Won", negative=["Lost", "Dead"])
    rows, warning = outcomes.decided(table, data)
    assert rows.tolist() == [0, 1, 4] and "2 rows have no outcome yet ('stage' is 'Open')" in warning
    assert outcomes.decided(table, Data(cases="c.csv", id="id", target="stage"))[1] is None


def test_problems_name_the_row_of_the_file(tmp_path):
    from nightshift.config import Config
    from nightshift.data.ingest import ingest

    lines = ["id,stage,day", "a,open,", *(f"b{i},{'won' if i % 2 else 'lost'},2024-01-0{1 + i % 9}" for i in range(60))]
    lines += ["twice,won,2024-01-01", "twice,lost,"]
    (tmp_path / "c.csv").write_text("\n".join(lines))
    data = {"cases": "c.csv", "id": "id", "target": "stage", "positive": "won", "negative": "lost", "time": "day"}
    with pytest.raises(InputError) as error:
        ingest(Config(data=data), tmp_path)
    assert sorted(problem.row for problem in error.value.problems) == [62, 63]


def test_a_value_that_no_row_has_is_a_problem(tmp_path):
    from nightshift.config import Config
    from nightshift.data.ingest import ingest

    (tmp_path / "c.csv").write_text("id,stage\na,won\nb,lost\n")
    data = {"cases": "c.csv", "id": "id", "target": "stage", "positive": "Win", "negative": "lost"}
    with pytest.raises(InputError, match=r"no row says 'Win' \(data.positive\)"):
        ingest(Config(data=data), tmp_path)


@pytest.mark.parametrize(
    ("content", "encoding"), [("ä".encode("utf-16"), None), ("ä".encode(), "cp1252"), (b"\xe4", "cp1252")]
)
def test_encodings(content, encoding):
    assert encodings.decoded(content, encoding) == "ä"


def test_a_binary_table_is_never_decoded(tmp_path):
    exports.write_workbook(tmp_path / "a.xlsx", [["id", "größe"], [1, "ä"], [2.5, True]])
    read = read_table(tmp_path / "a.xlsx", encoding="cp1252")
    assert read.to_pydict() == {"id": ["1", "2.5"], "größe": ["ä", "true"]}


def test_workbooks(tmp_path):
    exports.write_workbook(tmp_path / "a.xlsx", [[None, None], [None, "id", "x"], [], [None, 1, 2], [None, "#N/A", 3]])
    assert read_table(tmp_path / "a.xlsx").to_pydict() == {"id": ["1", None], "x": ["2", "3"]}
    exports.write_workbook(tmp_path / "b.xlsx", [])
    (tmp_path / "c.xlsx").write_bytes(b"no workbook")
    for name in ("b.xlsx", "c.xlsx"):
        with pytest.raises(InputError):
            read_table(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("Acme - D17 - kick-off_2024-05-31.vtt", "D17"),
        ("GMT20240531-140522_Recording_D17.transcript.vtt", "D17"),
        ("call with V-1042 again.vtt", "V-1042"),
        ("D17 and D18.vtt", "D17 and D18"),  # whose is it?
        ("2024-05-31 call 17.vtt", "2024-05-31 call 17"),  # 17 may be anything, 2024 is a year
        ("XD17.vtt", "XD17"),
    ],
)
def test_ids_within_names_of_files(name, case):
    from pathlib import PurePath

    forms = {id_: id_ for id_ in ("D17", "D18", "V-1042", "1042", "17", "2024", "20240531")}
    assert name_of_call(PurePath(name), forms)[0] == case
    in_folder = PurePath(name.removesuffix(".vtt"), "first.vtt")
    assert name_of_call(in_folder, forms) == (case, "first")
