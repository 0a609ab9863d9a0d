"""`nightshift init` on exports as real tools write them: what it guesses, writes, asks and refuses."""

from pathlib import Path

import exports
import pytest
import yaml

from nightshift.cli import main
from nightshift.config import parse_config
from nightshift.data.ingest import ingest
from nightshift.data.new import read_new

REPO = Path(__file__).resolve().parents[2]
SHARED = REPO.parent / "shared/data"
DEMO = "data:\n  cases: data/demo/cases.csv\n  id: deal_id\n  target: won\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project with the demo's configuration, as after a clone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "config/config.yaml").write_text(DEMO)
    return tmp_path


def init(*arguments) -> int:
    return main(["init", *(str(argument) for argument in arguments if argument is not None)])


def written() -> dict:
    return yaml.safe_load(Path("config/config.yaml").read_text(encoding="utf-8"))


def ingested():
    return ingest(parse_config(written()), Path())


def test_german_crm(project, capsys):
    assert init(*exports.german(project / "in"), "--yes") == 0
    data = written()["data"]
    assert (data["id"], data["target"], data["group"]) == ("Vorgangsnr.", "Ergebnis", "Firma")
    assert (data["positive"], data["negative"]) == ("Gewonnen", "Verloren")
    assert (data["decimal"], data["encoding"], data["cutoff"]) == (",", "cp1252", "Abschlussdatum")
    assert set(data["drop"]) == {"Abschlussdatum", "Verlustgrund"}
    read = ingested()
    assert read.counts["cases"] == 140 and read.counts["cases_with_turns"] > 100
    assert read.schema.columns == {
        "Größe": "category",
        "Angebotswert": "numeric",
        "Rabatt": "numeric",
        "Erstellt am": "datetime",
    }
    assert read.cases["Angebotswert"].between(1000, 100_000).all() and read.cases["Rabatt"].max() < 21
    assert read.turns["time"].dt.year.eq(2024).all() and set(read.turns["speaker"]) == {"Rep", "Customer"}
    said = capsys.readouterr().out
    assert "20 rows have no outcome yet ('Ergebnis' is 'Offen')" in said and "snakemake --cores all" in said


def test_american_crm(project):
    assert init(*exports.american(project / "in"), "--yes") == 0
    data = written()["data"]
    assert (data["positive"], data["negative"]) == ("Closed Won", "Closed Lost")
    assert data["turn_columns"] == {
        "case_id": "Opportunity",
        "text": "Body",
        "speaker": "Participant",
        "time": "Started",
    }
    assert {"Close Date", "Loss Reason", "Probability (%)"} == set(data["drop"])
    read = ingested()
    assert read.schema.columns == {"Type": "category", "Amount": "numeric", "Created Date": "datetime"}
    assert read.cases["Amount"].notna().all() and len(read.turns) == 700


def test_excel_with_the_call_in_a_column(project):
    assert init(*exports.workbook(project / "in"), "--yes") == 0
    data = written()["data"]
    assert data["transcript_columns"] == ["Call Transcript"] and data["time"] == "Create Date"
    assert (data["target"], data["positive"], data["negative"]) == ("Is Won", "true", "false")
    read = ingested()
    assert read.counts["cases"] == 144 and "Call Transcript" not in read.schema.columns
    assert set(read.turns["speaker"]) == {"Rep", "Customer"} and (read.turns["call"] == "Call Transcript").all()
    assert read.turns.groupby("case_id").size().eq(5).all()


def test_new_rows_are_read_as_the_old_ones(project):
    """Open deals can be predicted: decimals, encoding and calls in columns are read alike, outcomes are not asked for."""
    cases, _ = exports.workbook(project / "in")
    init(cases, "--yes")
    read, data = ingested(), parse_config(written()).data
    frame, turns, _ = read_new(cases, None, read.schema, data)
    assert len(frame) == 160
    same = turns[turns["case_id"].isin(read.cases["case_id"])].reset_index(drop=True)
    assert same.equals(read.turns)


def test_tabs_in_utf16_and_subrip_named_by_a_meeting_tool(project):
    assert init(*exports.unicode_text(project / "in"), "--yes") == 0
    data = written()["data"]
    assert (data["id"], data["target"]) == ("lead", "converted") and "encoding" not in data
    read = ingested()
    assert read.counts["cases_with_turns"] == 160
    assert read.turns["time"].dt.strftime("%H:%M").eq("14:05").all()


def test_a_table_with_a_call_in_a_row(project, capsys):
    cases, calls = exports.a_row_a_call(project / "in")
    assert init(cases, calls, "--yes") == 1
    told = capsys.readouterr().err
    assert "--target" in told and "'answer'" in told and "'plan'" in told
    assert written()["data"]["cases"].startswith("data/demo/")
    assert init(cases, calls, "--yes", "--target", "answer") == 1
    assert "--positive" in capsys.readouterr().err
    assert init(cases, calls, "--yes", "--target", "answer", "--positive", "A") == 0
    assert written()["data"]["positive"] == "A"
    read = ingested()
    assert set(read.turns["speaker"]) == {"Rep", "Customer"}
    assert read.turns.groupby(["case_id", "call"]).size().eq(5).all() and read.counts["calls"] == 240


def test_everything_that_cannot_be_known_is_named_at_once(project, capsys):
    path = project / "cases.csv"
    path.write_text("a,b,c\n" + "\n".join(f"{i % 7},{i % 2},{(i + 1) % 2}" for i in range(60)))
    assert init(path, "--yes") == 1
    told = capsys.readouterr().err
    assert "--id NAME" in told and "--target NAME" in told


def test_an_own_configuration_is_replaced_only_on_request(project, capsys):
    (project / "config/config.yaml").write_text("data: {cases: mine.csv, id: a, target: b}\nsearch: {seed: 3}\n")
    cases, calls = exports.unicode_text(project / "in")
    assert init(cases, calls, "--yes") == 1
    assert "--force" in capsys.readouterr().err and written()["data"]["cases"] == "mine.csv"
    assert init(cases, calls, "--yes", "--force", "--experiments", "9") == 0
    assert written()["search"] == {"seed": 3, "experiments": 9}
    assert "mine.csv" in (project / "config/config.yaml.before").read_text()


def test_problems_of_a_night_are_shown_and_nothing_is_written(project, capsys):
    path = project / "deals.csv"
    path.write_text("deal_id,won,x\n" + "\n".join(f"D{i // 2},{i % 2},{i}" for i in range(80)))
    assert init(path, "--yes", "--id", "deal_id") == 1
    assert "40 ids stand more than once" in capsys.readouterr().err
    assert written()["data"]["cases"].startswith("data/demo/")


def test_flags_come_first(project):
    cases, calls = exports.german(project / "in")
    flags = (
        "--group",
        "none",
        "--cutoff",
        "none",
        "--keep",
        "Verlustgrund",
        "--drop",
        "Rabatt",
        "--time",
        "Erstellt am",
    )
    assert init(cases, calls, "--yes", *flags) == 0
    data = written()["data"]
    assert "group" not in data and "cutoff" not in data and data["time"] == "Erstellt am"
    assert set(data["drop"]) == {"Abschlussdatum", "Rabatt"}
    assert init(cases, calls, "--yes", "--force", "--id", "no such") == 1


def test_it_asks_in_a_terminal_only(project, monkeypatch):
    from rich.console import Console
    from rich.prompt import Confirm, Prompt

    from nightshift.init import command

    cases, calls = exports.a_row_a_call(project / "in")
    answers = {"Which column is to be predicted?": "answer", "Which value counts as 1?": "A"}
    asked = []

    def ask(*_, console, **__):
        shown = console.export_text(clear=True)
        asked.append(next(question for question in answers if question in shown))
        return answers[asked[-1]]

    monkeypatch.setattr(Prompt, "ask", ask)
    monkeypatch.setattr(Confirm, "ask", lambda *_, **__: True)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    console = Console(force_terminal=True, record=True, width=100)
    command.init(str(cases), str(calls), {}, console=console)
    assert asked == list(answers)
    assert written()["data"] | {"positive": "A", "target": "answer"} == written()["data"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("persuasion_for_good", {"id": "case_id", "target": "target"}),
        ("telco_churn_tabular", {"id": "case_id", "target": "target"}),
    ],
)
def test_real_data(project, name, expected):
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    calls = folder / "transcripts.jsonl"
    assert init(folder / "table.csv", calls if calls.exists() else None, "--yes") == 0
    assert written()["data"] | expected == written()["data"]
    parse_config(written())
