"""Four formats, one text; and every way in which a file can be broken."""

import json

import pandas as pd
import pyarrow as pa
import pytest

from nightshift.data.tables import read_table, sniff_separator, table_of_frame
from nightshift.errors import InputError

ROWS = [{"id": "007", "note": 'a "quoted", cell'}, {"id": "7", "note": "line\nbreak"}]


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def problem_of(path, count=1):
    with pytest.raises(InputError) as caught:
        read_table(path, path.name)
    assert len(caught.value.problems) == count, caught.value
    assert all(problem.file == path.name and problem.remedy for problem in caught.value.problems)
    return caught.value.problems[0]


def test_all_formats_give_the_same_text(tmp_path):
    frame = pd.DataFrame(ROWS)
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    for suffix in ("csv", "tsv", "parquet", "jsonl"):
        assert read_table(tmp_path / f"a.{suffix}").to_pylist() == ROWS, suffix


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separator_of_csv_is_found(tmp_path, separator):
    path = write(tmp_path / "a.csv", f'id{separator}"name, first; or | so"\n1{separator}x\n')
    assert read_table(path).to_pylist() == [{"id": "1", "name, first; or | so": "x"}]


def test_separator_of_one_column_is_the_comma():
    assert sniff_separator(b"id\n1\n") == ","
    assert sniff_separator(b"") == ","


def test_first_line_of_excel_that_names_the_separator_is_no_header(tmp_path):
    assert read_table(write(tmp_path / "a.csv", "sep=;\nid;x\n1;2\n")).to_pylist() == [{"id": "1", "x": "2"}]


def test_byte_order_mark_and_blanks_around_names_are_taken_off(tmp_path):
    for suffix, content in (("csv", " id ,x\n 1,\n"), ("jsonl", '{" id ": " 1", "x": "  "}\n')):
        path = write(tmp_path / f"a.{suffix}", "\ufeff" + content)
        assert read_table(path).to_pylist() == [{"id": " 1", "x": None}]


def test_types_of_parquet_become_their_text(tmp_path):
    table = pa.table(
        {
            "int": pa.array([7, None], pa.int32()),
            "gap": pa.array([1234567890123.0, float("nan")]),
            "float": pa.array([0.1, 1e300]),
            "bool": pa.array([True, None]),
            "date": pa.array([pd.Timestamp("2024-05-01").date(), None]),
            "group": pa.array(["a", None]).dictionary_encode(),
            "binary": pa.array([b"x", b"\xff"]),
            "list": pa.array([[1, 2], None]),
        }
    )
    pa.parquet.write_table(table, tmp_path / "a.parquet")
    first, second = read_table(tmp_path / "a.parquet").to_pylist()
    assert first == {
        "int": "7",
        "gap": "1234567890123",
        "float": "0.1",
        "bool": "true",
        "date": "2024-05-01",
        "group": "a",
        "binary": "x",
        "list": "[1, 2]",
    }
    assert second["gap"] is None and second["list"] is None and second["binary"] == "\ufffd"


def test_json_lines_keep_all_keys_and_digits(tmp_path):
    lines = ['{"a": 12345678901234567890123, "A": "x"}', "", '{"b/c": {"d": [1]}, "a": true, "": null, "q\\"~": 1}']
    table = read_table(write(tmp_path / "a.jsonl", "\n".join(lines)))
    assert table.column_names == ["a", "A", "b/c", "column 4", 'q"~']
    assert table.column("a").to_pylist() == ["12345678901234567890123", "true"]
    assert json.loads(table.column("b/c")[1].as_py()) == {"d": [1]}


def test_half_characters_of_json_are_replaced(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"id": "1", "x": "\\ud83d"}\n{"id": "2", "x": 3}\n')
    assert read_table(path).to_pylist() == [{"id": "1", "x": "\ufffd"}, {"id": "2", "x": "3"}]


def test_cells_of_ten_megabytes_and_nul_bytes(tmp_path):
    giant = "x" * 10_000_000
    path = write(tmp_path / "a.csv", f"id,x\n1,small\n2,{giant}\n3,a\0b\n")
    assert [len(x) for x in read_table(path).column("x").to_pylist()] == [5, 10_000_000, 3]
    path = write(tmp_path / "a.jsonl", json.dumps({"id": 1, "x": giant}) + '\n{"id": 2, "x": "a\\u0000b"}\n')
    assert [len(x) for x in read_table(path).column("x").to_pylist()] == [10_000_000, 3]


def test_a_frame_of_mixed_values_becomes_text():
    frame = pd.DataFrame({"a": ["x", 1, None, 2.0, True, float("nan"), "\ud800", pd.Timestamp("2024-05-01")]})
    frame[5] = [pd.NA] * 8
    table = table_of_frame(frame, "rows")
    expected = ["x", "1", None, "2", "true", None, "\ufffd", "2024-05-01 00:00:00"]
    assert table.column("a").to_pylist() == expected
    assert table.column_names == ["a", "5"]


def test_missing_file_names_the_tables_beside_it(tmp_path):
    write(tmp_path / "deals.csv", "id\n1\n")
    problem = problem_of(tmp_path / "deal.csv")
    assert problem.what == "no such file" and "deals.csv" in problem.remedy


def test_a_folder_is_no_table(tmp_path):
    assert "is a folder" in problem_of(tmp_path).what


def test_unknown_format(tmp_path):
    problem = problem_of(write(tmp_path / "deals.doc", "x"))
    assert "'.doc'" in problem.what and ".csv" in problem.remedy


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet", "jsonl"])
def test_empty_file(tmp_path, suffix):
    assert "empty" in problem_of(write(tmp_path / f"a.{suffix}", b"")).what


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", "\n\n"), ("a.csv", "\ufeff"), ("a.jsonl", "\n \n"), ("a.jsonl", "{}\n")]
)
def test_file_without_content(tmp_path, name, content):
    assert "there is no" in problem_of(write(tmp_path / name, content)).what


def test_wrong_encoding_names_the_row(tmp_path):
    problem = problem_of(write(tmp_path / "a.csv", 'id,x\n1,"a\nb"\n2,Müller\n'.encode("latin-1")))
    assert (problem.row, problem.what) == (2, "the file is not UTF-8 (byte 0xfc)")
    assert "CSV UTF-8" in problem.remedy
    assert problem_of(write(tmp_path / "a.jsonl", '{"x": 1}\n{"x": "ü"}\n'.encode("latin-1"))).row == 2
    assert problem_of(write(tmp_path / "b.csv", "Größe,id\n1,2\n".encode("latin-1"))).row is None
    assert read_table(write(tmp_path / "c.csv", "id,x\n1,ü\n".encode("utf-16"))).column_names == ["id", "x"]


def test_broken_json_line_names_the_line(tmp_path):
    problem = problem_of(write(tmp_path / "a.jsonl", '{"id": 1}\n\n{"id": 2\n[3]\n{"a": 1, "a": 2}\n'), 3)
    assert problem.row == 3 and "broken JSON" in problem.what and "one JSON object a line" in problem.remedy
    with pytest.raises(InputError, match=r"a\.jsonl, row 4: broken JSON \(not a JSON object"):
        read_table(tmp_path / "a.jsonl", "a.jsonl")


def test_many_broken_lines_are_counted(tmp_path):
    assert problem_of(write(tmp_path / "a.jsonl", "{\n" * 50), 6).row == 1


def test_ragged_rows_name_their_row(tmp_path):
    problem = problem_of(write(tmp_path / "a.csv", 'id,x\n1,2\n"a\nb",3\n1,2,3\n4\n'), 2)
    assert (problem.row, problem.what) == (3, "3 cells where the header has 2")
    assert "double quotes" in problem.remedy


def test_names_that_stand_twice(tmp_path):
    for name, content in (("a.csv", "id,x, x\n1,2,3\n"), ("a.jsonl", '{"x": 1, "x ": 2}')):
        problem = problem_of(write(tmp_path / name, content))
        assert problem.column == "x" and "more than once" in problem.what
    with pytest.raises(InputError, match="more than once"):
        table_of_frame(pd.DataFrame([[1, 2]], columns=["x", "x"]), "rows")


def test_a_file_that_is_no_parquet(tmp_path):
    for content in (b"PAR1 or not", b"PAR1" + b"\0" * 40 + b"PAR1"):
        assert "not a Parquet file" in problem_of(write(tmp_path / "a.parquet", content)).what


def test_names_of_files_with_wildcards(tmp_path):
    write(tmp_path / "a1.jsonl", '{"x": "wrong"}')
    assert read_table(write(tmp_path / "a[1].jsonl", '{"x": "right"}')).to_pylist() == [{"x": "right"}]
