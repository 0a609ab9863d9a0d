"""What a killed or unlucky run leaves is cleared, and nothing else."""

import os
import platform
import subprocess
import sys
import time

import pytest

from nightshift.contain import attempt
from nightshift.errors import NightshiftError
from nightshift.files import NO_LOCKS, remove_leftovers, replacing, write_json, write_text
from nightshift.guard import check_times, hold_results, no_night_running, only_looks
from nightshift.leftovers import clear_leftovers
from nightshift.limits import Limits


def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_temporary_folders_of_the_dead_go_and_those_of_the_living_stay(tmp_path):
    node = platform.node()
    gone = tmp_path / "results" / "bases" / f".abc.def.{node}-{dead_pid()}.x1_34567"
    ours = tmp_path / "results" / f".abc.{node}-{os.getpid()}.x1_34567"
    elsewhere = tmp_path / "results" / ".abc.other-1.x1_34567"
    old = tmp_path / "results" / ".abc.other-2.x1_34567"
    reused = tmp_path / f".its.number.is.ours.now.{node}-{os.getpid()}.x1_34567"
    for folder in (gone, ours, elsewhere, old, reused):
        write_text(folder / "partial", "half")
    for folder in (old, reused):
        os.utime(folder, (time.time() - 90_000,) * 2)
    write_text(tmp_path / "results" / ".hidden" / "file", "of somebody else")
    assert sorted(remove_leftovers(tmp_path)) == sorted([gone, old, reused])
    assert ours.exists() and elsewhere.exists() and not gone.exists()
    assert (tmp_path / "results/.hidden/file").exists()


def test_a_kill_in_the_middle_of_writing_leaves_what_is_cleared(tmp_path):
    code = (
        "import os, sys; from nightshift.files import replacing\n"
        "with replacing('split.json') as partial: partial.write_text('half'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    assert len(remove_leftovers(tmp_path)) == 1 and not list(tmp_path.iterdir())


def test_scripts_and_marks_of_killed_jobs_go(tmp_path):
    long = "@" + "cmVzdWx0" * 25 + "/cw=="  # the mark of a long path
    for name in ("scripts/tmp1.stack.py", "incomplete/cmVzdWx0cw==", f"incomplete/{long}", "log/night.log"):
        write_text(tmp_path / ".snakemake" / name, "")
    clear_leftovers(tmp_path)
    assert [path.name for path in (tmp_path / ".snakemake").rglob("*") if path.is_file()] == ["night.log"]
    assert not list((tmp_path / ".snakemake/incomplete").iterdir())


def test_a_folder_is_replaced_whole(tmp_path):
    for text in ("first", "second"):
        with replacing(tmp_path / "folder") as partial:
            partial.mkdir()
            (partial / text).write_text(text)
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["second"]
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.fixture
def stored(tmp_path):
    """Bases and views that worked, failed by their code, and failed by the environment; one base is half removed."""
    for name, outcome in {
        "good": {"ok": True},
        "code": {"ok": False, "environment": False, "kind": "error"},
        "load": {"ok": False, "environment": True, "kind": "time"},
        "needed": {"ok": False, "environment": True, "kind": "time"},
    }.items():
        write_json(tmp_path / f"results/bases/{name}/outcome.json", outcome)
        write_json(tmp_path / f"results/views/{name}.json", outcome)
        write_text(tmp_path / f"results/views/{name}.arrow", "")
    write_text(tmp_path / "results/bases/half/oof.parquet", "")
    for number, recorded in ((0, True), (1, False)):
        folder, base = tmp_path / f"results/experiments/exp-000{number}", ("load", "needed")[number]
        plan = {"views": {"v": f"results/views/{base}.arrow"}, "bases": {"b": f"results/bases/{base}"}}
        write_json(folder / "plan.json", plan)
        write_json(folder / "metrics.json", {})
        if recorded:
            write_json(folder / "record.json", {})
    return tmp_path


def test_failures_of_the_environment_are_forgotten_but_where_a_row_is_not_yet_recorded(stored):
    clear_leftovers(stored)
    assert {path.name for path in (stored / "results/bases").iterdir()} == {"good", "code", "needed"}
    assert {path.stem for path in (stored / "results/views").iterdir()} == {"good", "code", "needed"}


def test_who_holds_the_folder_is_said_and_its_end_is_enough(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from nightshift.guard import hold_results\n"
        "hold_results(Path()); print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    for hold in (lambda: hold_results(tmp_path), no_night_running(tmp_path).__enter__):
        with pytest.raises(NightshiftError, match=f"process {holder.pid} on .* since 20.*\n.*config/STOP"):
            hold()
    holder.kill()
    holder.communicate()
    with no_night_running(tmp_path):
        pass


def test_commands_that_only_look_hold_nothing():
    assert only_looks(["snakemake", "--report=x.html"]) and only_looks(["snakemake", "--summary"])
    assert not only_looks(["snakemake", "--cores", "2", "-F"])


@pytest.mark.parametrize("number", NO_LOCKS)
def test_without_locks_a_night_runs_and_snakemake_s_own_lock_stays(tmp_path, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    (tmp_path / ".snakemake" / "locks").mkdir(parents=True)
    hold_results(tmp_path)
    assert (tmp_path / ".snakemake" / "locks").is_dir()
    with no_night_running(tmp_path):
        pass
    monkeypatch.chdir(tmp_path)
    assert attempt(lambda: 1, Limits(20)).value == 1


def test_files_from_the_future_get_one_time_with_all_others(tmp_path):
    """As a clock that was set back leaves them."""
    for name in ("a", "b/c", "d"):
        write_text(tmp_path / "results" / name, name)
    now = time.time()
    os.utime(tmp_path / "results/a", (now - 100, now - 100))
    clear_leftovers(tmp_path)
    assert (tmp_path / "results/a").stat().st_mtime < now - 90, "nothing is touched without need"
    os.utime(tmp_path / "results/b/c", (now + 90_000, now + 90_000))
    clear_leftovers(tmp_path)
    times = {path.stat().st_mtime_ns for path in (tmp_path / "results").rglob("*")}
    assert len(times) == 1 and abs(times.pop() / 1e9 - time.time()) < 60


def test_data_from_the_future_is_said_before_it_is_read(tmp_path):
    (tmp_path / "deals.csv").write_text("id\n")
    check_times(["deals.csv", None, "not-there.csv"], tmp_path)
    os.utime(tmp_path / "deals.csv", (time.time() + 90_000,) * 2)
    with pytest.raises(NightshiftError, match=r"(?s)deals\.csv is from the future.*`touch deals\.csv`"):
        check_times(["deals.csv"], tmp_path)
    write_text(tmp_path / "results/data/ingested.json", "{}")
    check_times(["deals.csv"], tmp_path)
