"""The whole night: to another clone and back, and aside for the next one."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fake_night import CRASH, ROWS, record_all, rows, run, write_experiment

from nightshift import cli
from nightshift.errors import NightshiftError
from nightshift.record import archive, head_at_start, record_experiment, restore


def test_pushed_experiments_work_in_another_clone(elsewhere):
    run(elsewhere, "dvc", "exp", "pull", "origin", "exp-0003", CRASH)
    for name in (CRASH, "exp-0003"):
        run(elsewhere, "dvc", "exp", "apply", name)
        assert "up to date" in run(elsewhere, "dvc", "status")
    assert (elsewhere / "results/experiment/bases/all/oof.parquet").read_text() == "oof of a base of exp-0003"


def test_night_comes_back_in_another_clone(elsewhere, project, monkeypatch, capsys):
    monkeypatch.chdir(elsewhere)
    assert cli.main(["restore"]) == 1
    assert "dvc exp pull origin night" in capsys.readouterr().err
    head_at_start(elsewhere)  # somebody may have tried a night before
    run(elsewhere, "dvc", "exp", "pull", "origin", "night")
    assert cli.main(["restore"]) == 0

    def content(root: Path) -> dict[str, bytes]:
        files = [path for path in (root / "results").rglob("*") if path.is_file()]
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}

    kept = {name: data for name, data in content(project).items() if not name.endswith((".log", "_timestamp"))}
    found = content(elsewhere)
    assert json.loads(found.pop("results/record.json"))["recorded"]
    assert found == kept
    times = {path.stat().st_mtime_ns for path in (elsewhere / "results").rglob("*")}
    assert len(times) == 1
    assert run(elsewhere, "git", "status", "--porcelain") == ""
    # The restored night goes on under the same commit, and its own row shows the champion.
    assert rows(elsewhere)["night"]["cv_auc"] == "0.61"
    assert record_experiment(elsewhere, "exp-0003").recorded
    with pytest.raises(NightshiftError, match="nightshift archive"):
        restore(elsewhere)


def test_archive_makes_room_for_the_next_night(project):
    record_all(project)
    run(project, "dvc", "exp", "apply", "exp-0001")
    run(project, "git", "checkout", "-q", ".")
    archived = archive(project)
    assert archived.outcome.recorded and (archived.folder / "ledger.tsv").exists()
    assert [path.name for path in (project / "results").iterdir()] == ["experiment"]
    assert run(project, "git", "status", "--porcelain") == ""
    write_experiment(project, "exp-0000", 0.9)
    assert record_experiment(project, "exp-0000").recorded
    found = rows(project)
    assert sorted(found) == sorted([f"{archived.prefix}{name}" for name in [*ROWS, "night"]] + ["exp-0000"])
    second = archive(project)
    assert second.prefix != archived.prefix
    restore(project, f"{archived.prefix}night")
    assert sorted(path.name for path in (project / "results/experiments").iterdir()) == ROWS


def test_archive_refuses_without_a_night_and_while_one_runs(project, monkeypatch, capsys):
    monkeypatch.chdir(project)
    code = "from nightshift.guard import hold_results; hold_results(); print(1, flush=True); input()"
    night = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    night.stdout.readline()
    assert cli.main(["archive"]) == 1
    night.communicate(b"\n")
    assert "STOP" in capsys.readouterr().err
    shutil.rmtree(project / "results")
    with pytest.raises(NightshiftError, match="nothing to archive"):
        archive(project)


def test_help_is_quick_and_names_the_commands():
    code = "import sys; from nightshift import cli; cli._parser(); sys.exit('dvc' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    assert all(name in cli._parser().format_help() for name in ("restore", "archive", "demo"))
