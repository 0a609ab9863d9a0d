"""Times of jobs from their benchmark files."""

import os

import pytest

from nightshift.report.timings import Engine, engine_time, job_time

NIGHT = 1_700_000_000.0


def job(root, name, start, seconds):
    """A job's benchmark file, as Snakemake leaves it when the job ends."""
    file = root / "results" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"s\th:m:s\tmax_rss\tcpu_time\n{seconds}\t0:00:00\t1.0\tNA\n")
    os.utime(file, (NIGHT + start + seconds,) * 2)


def test_the_engine_has_what_no_job_ran_in(tmp_path):
    job(tmp_path, "benchmarks/split.tsv", 0, 2)
    job(tmp_path, "benchmarks/bases/a.tsv", 3, 10)
    job(tmp_path, "benchmarks/views/b.tsv", 4, 2)  # beside the one before
    job(tmp_path, "experiments/exp-0000/logs/stack.tsv", 13.5, 1)
    engine = engine_time(tmp_path)
    assert (engine.jobs, engine.busy, engine.alone) == (4, pytest.approx(13), pytest.approx(1.5))


def test_the_day_between_two_nights_does_not_count(tmp_path):
    job(tmp_path, "benchmarks/split.tsv", 0, 2)
    job(tmp_path, "experiments/exp-0000/logs/stack.tsv", 50_000, 1)
    assert engine_time(tmp_path) == Engine(2, pytest.approx(3), 0.0)


def test_the_report_itself_does_not_count(tmp_path):
    job(tmp_path, "benchmarks/verdict.tsv", 0, 2)
    before = engine_time(tmp_path)
    job(tmp_path, "benchmarks/report.tsv", 3, 1)
    job(tmp_path, "benchmarks/predict.tsv", 10, 1)
    assert engine_time(tmp_path) == before


def test_no_jobs_and_files_that_snakemake_could_not_fill(tmp_path):
    assert engine_time(tmp_path) == Engine(0, 0.0, 0.0)
    empty = tmp_path / "empty.tsv"
    empty.write_text("")
    assert job_time(empty) == (0.0, 0.0)
