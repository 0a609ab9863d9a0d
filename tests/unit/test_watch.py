"""The live view reads a night from its files, in every phase, and says the same everywhere."""

import json
import os
import platform
import subprocess
import sys
import time

import pytest
from rich.console import Console

from nightshift import progress
from nightshift.config import Search
from nightshift.watch import night as nights
from nightshift.watch import words
from nightshift.watch.command import watch
from nightshift.watch.night import Watcher
from nightshift.watch.plot import plot

STATUSES = ("keep", "keep", "discard", "crash", "keep")
AUCS = (0.55, 0.6, 0.58, 0.5, 0.63)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def finish(root, number, champion, at=None, usage=None):
    """One more finished experiment."""
    name, status = f"exp-{number:04d}", STATUSES[number]
    metrics = {"status": status, "cv_auc": AUCS[number], "cv_se": 0.01, "delta": 0.01 if number else None, "z": 1.0}
    metrics |= {"n_bases": 2, "stack": "mean", "seconds": 3.0, "champion": champion}
    if status == "crash":
        metrics |= {"kind": "time", "reason": "stopped after 5 s"}
    config = {"id": name, "parent": None, "author": "search", "hypothesis": f"idea\n {number}"}
    write(root / f"results/history/{name}.json", {"experiment": config, "usage": usage})
    path = root / f"results/experiments/{name}/metrics.json"
    write(path, metrics)
    if at is not None:
        os.utime(path, (at, at))


def run_by(root, pid, host=None):
    start = json.loads((root / ".nightshift/start.json").read_text())
    write(root / ".nightshift/start.json", {**start, "pid": pid, "host": host or platform.node()})


@pytest.fixture
def night(tmp_path):
    """Two of five experiments are done, ten seconds each, and this process runs the night."""
    now = time.time()
    write(tmp_path / ".nightshift/start.json", {"start": now - 20, "experiments": 5, "deadline": None})
    run_by(tmp_path, 1)
    for number, champion in ((0, "exp-0000"), (1, "exp-0001")):
        finish(tmp_path, number, champion, at=now - 10 + 10 * number)
    return tmp_path


def test_phases(tmp_path, night):
    assert Watcher(night / "nowhere").look().phase == nights.NONE
    watcher = Watcher(night)
    assert watcher.look().phase == nights.RUNNING
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    run_by(night, gone.pid)
    assert watcher.look().phase == nights.STOPPED and "goes on with it" in words.of_phase(watcher.look())
    (night / "results/record.json").touch()
    assert watcher.look().phase == nights.OVER
    # Of another machine nothing can be asked: complete or running.
    run_by(night, 1, host="another")
    assert watcher.look().phase == nights.OVER
    finish(night, 2, "exp-0001", at=time.time() + 5)
    assert watcher.look().phase == nights.RUNNING and "another" in watcher.look().runner


def test_time_to_the_end(night):
    look = Watcher(night).look()
    assert look.seconds_left == pytest.approx(30, abs=3) and "to go" in words.of_progress(look)
    start = json.loads((night / ".nightshift/start.json").read_text())
    write(night / ".nightshift/start.json", {**start, "deadline": time.time() + 7})
    assert Watcher(night).look().seconds_left == pytest.approx(7, abs=2)


def test_a_night_that_goes_on_is_timed_from_its_new_start(night):
    start = json.loads((night / ".nightshift/start.json").read_text())
    write(night / ".nightshift/start.json", {**start, "start": time.time()})
    look = Watcher(night).look()
    assert look.seconds_left is None and words.of_progress(look).startswith("2/5 experiments")


def test_lines_of_experiments(night):
    for number, champion in ((2, "exp-0001"), (3, "exp-0001"), (4, "exp-0004")):
        finish(night, number, champion)
    lines = [words.of_experiment(row) for row in Watcher(night).look().rows]
    assert lines[1] == "▲ exp-0001  keep     0.6000  +0.0100  idea 1"
    assert lines[3] == "✗ exp-0003  crash    time: stopped after 5 s [idea 3]"
    assert words.curve(Watcher(night).look()) == "▁▅▅▅█"


def test_tokens_and_money_only_where_the_ledger_has_them(night):
    assert "tokens" not in words.of_progress(Watcher(night).look())
    finish(night, 2, "exp-0001", usage={"tokens": 1200, "money": 0.5})
    assert "1,200 tokens, 0.50 spent" in words.of_progress(Watcher(night).look())


def test_a_half_written_experiment_waits(night):
    watcher = Watcher(night)
    write(night / "results/experiments/exp-0002/metrics.json", {"status": "keep"})
    assert len(watcher.look().rows) == 2
    finish(night, 2, "exp-0001")
    assert len(watcher.look().rows) == 3


def test_jobs_are_told_in_words(night):
    write(night / "results/specs/views/v1.json", {"kind": "words", "speakers": ["customer"]})
    write(night / "results/specs/bases/b1.json", {"views": ["v1"], "bases": [], "learner": {"kind": "logistic"}})
    write(night / "results/experiments/exp-0002/plan.json", {"views": {}, "bases": {"x": "results/bases/b1"}})
    facts = {"rule": "train_base", "what": "b1", "since": time.time() - 5, "pid": 1, "host": platform.node()}
    write(night / progress.JOBS / "a.json", {**facts, "done": 2, "total": 5, "unit": "folds"})
    write(night / progress.JOBS / "b.json", {**facts, "pid": 2**22 + 1})  # of a job that was killed
    lost = {**facts, "rule": "score", "what": "exp-0001", "host": "elsewhere"}  # with its machine; done by another
    write(night / progress.JOBS / "c.json", lost)
    look = Watcher(night).look()
    assert [words.of_job(job, job["since"] + 5) for job in look.jobs] == [
        "train_base logistic on words of customer (exp-0002), 2 of 5 folds (5 s)"
    ]


def test_a_job_announces_itself_and_counts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    seen = []
    from pathlib import Path

    with progress.announced(Path("results/logs/bases/4e1f.log")):
        for _ in progress.over(range(3), "things"):
            seen += progress.running_jobs()
    assert [(job["rule"], job["what"], job["done"], job["total"]) for job in seen] == [
        ("train_base", "4e1f", done, 3) for done in range(3)
    ]
    assert progress.running_jobs() == [] and list((tmp_path / progress.JOBS).iterdir()) == []
    assert list(progress.over([1, 2], "things")) == [1, 2]  # outside of a job


def test_progress_is_cheap(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    writes = []
    monkeypatch.setattr(progress.os, "replace", lambda *paths: writes.append(paths))
    from pathlib import Path

    with progress.announced(Path("results/logs/split.log")):
        start = time.perf_counter()
        for _ in progress.over(range(100_000), "cases"):
            pass
        took = time.perf_counter() - start
    assert len(writes) <= 2 + took


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("results/experiments/exp-0007/logs/stack.log", ("stack", "exp-0007")),
        ("results/logs/views/4e.log", ("featurize", "4e")),
        ("results/logs/split.log", ("split", "")),
        ("results/logs/noise/plan.log", ("noise: plan", "")),
        ("x.log", ("x", "")),
    ],
)
def test_jobs_are_named_by_their_logs(log, expected):
    from pathlib import Path

    assert progress.named(Path(log)) == expected


def test_plain_lines_end_with_the_night(night):
    run_by(night, 2**22 + 1)
    (night / "results/record.json").touch()
    console = Console(width=40, record=True, force_terminal=False)
    watch(night, console=console)
    lines = console.export_text().splitlines()
    assert lines[:2] == [words.of_experiment(row) for row in Watcher(night).look().rows]
    assert lines[-1].startswith("the night is over")


def test_a_screen_of_any_size_fits(night):
    for number, champion in ((2, "exp-0001"), (3, "exp-0001"), (4, "exp-0004")):
        finish(night, number, champion)
    for width, height in ((200, 60), (80, 24), (60, 14)):
        console = Console(width=width, height=height, record=True, force_terminal=True)
        watch(night, once=True, console=console)
        text = console.export_text()
        assert "exp-0004" in text and max(map(len, text.splitlines())) <= width
        assert len(text.splitlines()) <= height


def test_the_curve(night):
    for number, champion in ((2, "exp-0001"), (3, "exp-0001"), (4, "exp-0004")):
        finish(night, number, champion)
    rows = Watcher(night).look().rows
    picture = plot(rows, 30, 5)
    assert len(picture) == 5 and picture[0].startswith("0.6300") and sum(line.count("▲") for line in picture) == 3
    assert plot(rows[:1], 30, 5) == [] and all(len(line) <= 2 + 7 for line in plot(rows * 30, 2, 5))


def test_deadline_and_number_are_noted_for_who_looks(tmp_path):
    from nightshift.agents.deadline import START, note_start

    note_start(Search(experiments=7, deadline="90m"), tmp_path)
    noted = json.loads((tmp_path / START).read_text())
    assert noted["experiments"] == 7 and noted["deadline"] == pytest.approx(noted["start"] + 5400)
