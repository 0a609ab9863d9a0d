"""A whole night on two cores: what it leaves, and that running again is harmless."""

import json
import re
import zipfile

import numpy as np
import pandas as pd
import pytest

from nightshift.agents.history import read_history
from nightshift.config_agent import Agent
from nightshift.data.development import read_development
from nightshift.names import DEVELOPMENT
from nightshift.research.diagnostics import diagnose
from nightshift.research.learning import learning_curve, seconds_of_curve
from nightshift.research.toolbox import Toolbox

COLUMNS = [
    "experiment",
    "parent",
    "author",
    "status",
    "cv_auc",
    "cv_se",
    "delta",
    "z",
    "n_bases",
    "stack",
    "seconds",
    "hypothesis",
]


def read(project, name):
    return json.loads(project.path(name).read_text())


def test_ledger_has_every_experiment_in_order(finished_night):
    ledger = pd.read_csv(finished_night.path("results/ledger.tsv"), sep="\t")
    assert ledger.columns.tolist() == [*COLUMNS, "memo", "tokens", "money"]
    assert ledger[["memo", "tokens", "money"]].isna().all().all(), "no model was asked"
    assert ledger["experiment"].tolist() == [f"exp-{k:04d}" for k in range(6)]
    assert ledger["author"].tolist()[:3] == ["baseline", "human", "human"]
    assert set(ledger["author"][3:]) == {"search"}
    assert ledger["hypothesis"].str.len().min() > 10


def test_queued_experiments_are_taken_once_in_order_of_their_names(finished_night):
    taken = [read(finished_night, f"results/history/exp-{k:04d}.json")["queue"] for k in range(6)]
    assert taken == [[], ["a-by-hand.yaml"], ["b-crashes.yaml"], [], [], []]


def test_an_experiment_that_raises_is_a_row_and_the_night_goes_on(finished_night):
    ledger = finished_night.ledger().set_index("experiment")
    assert ledger["status"]["exp-0002"] == "crash"
    assert "base words:" in ledger["hypothesis"]["exp-0002"]
    assert np.isnan(ledger["cv_auc"]["exp-0002"])
    assert (ledger["status"].drop("exp-0002") != "crash").all()
    assert "exp-0002 crashed" in finished_night.path("results/ending.md").read_text()


def test_metrics_say_what_the_issue_names(finished_night):
    metrics = read(finished_night, "results/experiments/exp-0001/metrics.json")
    for name in ("cv_auc", "cv_se", "per_fold_auc", "log_loss", "brier", "average_precision", "lift_top_10"):
        assert metrics[name] is not None
    assert len(metrics["per_fold_auc"]) == 3
    oof = pd.read_parquet(finished_night.path("results/experiments/exp-0001/oof.parquet"))
    assert oof.notna().all().all()


def test_proposals_see_exactly_the_scores_that_left_the_window(finished_night):
    for k in range(6):
        seen = read(finished_night, f"results/history/exp-{k:04d}.json")["consumed"]["scores_seen"]
        assert seen == [f"exp-{j:04d}" for j in range(k - 1)]


def test_verdict_has_the_fixed_keys(finished_night):
    verdict = read(finished_night, "results/verdict.json")
    for side in ("baseline", "champion"):
        assert {"holdout_auc", "ci_low", "ci_high", "cv_auc"} <= set(verdict[side])
        assert verdict[side]["ci_low"] <= verdict[side]["holdout_auc"] <= verdict[side]["ci_high"]
    assert {"delta", "p_value", "n_holdout", "sentence"} <= set(verdict)
    assert verdict["openings"] == 1 and verdict["confirmatory"] is True
    champion = verdict["champion"]
    assert verdict["optimism"] == pytest.approx(champion["cv_auc"] - champion["holdout_auc"])
    assert verdict["sentence"].replace("\n", " ") in " ".join(
        finished_night.path("results/ending.md").read_text().split()
    )


def test_the_report_has_all_of_its_parts(finished_night):
    page = finished_night.path("results/report.html").read_text()
    for chart in ("curve", "gain", "roc", "calibration", "views", "slices"):
        assert f'id="chart-{chart}"' in page
    diagnosis = read(finished_night, "results/diagnosis.json")
    assert not any("failed" in diagnosis[part] for part in ("importance", "words", "slices"))
    verdict = read(finished_night, "results/verdict.json")
    assert diagnosis["champion"] == verdict["champion"]["experiment"]
    assert verdict["sentence"][:60] in page
    roc = read(finished_night, "results/verdict/curves.json")["models"]["champion"]["roc"]
    area = np.trapezoid([point["tpr"] for point in roc], [point["fpr"] for point in roc])
    assert area == pytest.approx(verdict["champion"]["holdout_auc"], abs=0.02)


def test_the_report_on_demand_is_the_same_and_disturbs_nothing(night):
    before = night.path("results/report.html").read_text()
    night.run("nightshift", "report")
    assert night.path("results/report.html").read_text() == before
    assert "Nothing to be done" in night.snakemake("--cores", "1", "-n")
    for file in ("verdict.json", "diagnosis.json", "ledger.tsv"):
        night.path(f"results/{file}").unlink()
    night.run("nightshift", "report", "--out", "middle.html")
    assert "No verdict yet" in night.path("middle.html").read_text()
    assert not night.path("results/diagnosis.json").exists()


def test_snakemakes_own_report_has_the_pictures(night):
    night.snakemake("--report", "night.zip")
    with zipfile.ZipFile(night.path("night.zip")) as archive:
        names = {name.rpartition("/")[2] for name in archive.namelist()}
    assert {"report.html", "curve.svg", "roc.svg", "gain.svg", "calibration.svg", "verdict.json", "ledger.tsv"} <= names


def test_git_status_is_as_it_was_before(finished_night):
    assert finished_night.run("git", "status", "--porcelain").stdout == finished_night.status_before
    assert finished_night.path("README.md").read_text() == "an edit that is not committed\n"


def test_only_the_verdict_reads_the_labels_of_the_holdout(night):
    for record in night.path("results/experiments").glob("*/record.json"):
        record.unlink()  # pending again, so that the graph shows every rule of the chain
    inputs = inputs_by_rule(night.run("snakemake", "--filegraph", "--quiet", "all").stdout)
    assert {"featurize", "train_base", "stack", "score", "propose", "champion"} <= set(inputs)
    assert "results/data/development/folds.parquet" in inputs["train_base"]
    assert {rule for rule, files in inputs.items() if any("holdout" in file for file in files)} == {"verdict"}


def inputs_by_rule(graph: str) -> dict[str, set[str]]:
    """Inputs of every rule in the output of `snakemake --filegraph`, a table with a part for inputs for each rule."""
    inputs: dict[str, set[str]] = {}
    for table in re.findall(r"label=<<table(.*?)</table>>", graph, flags=re.DOTALL):
        rule = re.search(r'point-size="18">(\w+)<', table).group(1)
        listed = [part for part in table.split("<hr/>") if "input</font>" in part]
        files = {file for part in listed for file in re.findall(r'face="monospace">(.*?)</font>', part)}
        inputs.setdefault(rule, set()).update(files)
    return inputs


def test_running_again_does_nothing(night):
    before = night.contents("results/experiments")
    assert "Nothing to be done" in night.snakemake("--cores", "2")
    assert night.contents("results/experiments") == before


def test_the_champion_waits_for_scores_only_and_the_ending_for_records(night):
    """A night that was stopped between the two goes on with what is missing."""
    model, ending = night.path("results/champion/model.json"), night.path("results/ending.md")
    last = max(night.path("results/experiments").glob("*/record.json"))
    assert last.stat().st_mtime <= ending.stat().st_mtime
    made = model.stat().st_mtime_ns
    for file in (last, ending):
        file.unlink()
    night.snakemake("--cores", "2")
    assert last.exists() and last.stat().st_mtime <= ending.stat().st_mtime
    assert model.stat().st_mtime_ns == made


def test_more_experiments_run_the_new_ones_only(night):
    before = night.contents("results/experiments")
    night.configure(search={"experiments": 7, "parallel": 2})
    night.snakemake("--cores", "2")
    after = night.contents("results/experiments")
    assert {name: after[name] for name in before} == before
    assert night.ledger()["experiment"].tolist() == [f"exp-{k:04d}" for k in range(7)]
    verdict = read(night, "results/verdict.json")
    assert verdict["openings"] == 2 and verdict["confirmatory"] is False
    assert "exploratory" in verdict["sentence"]


def test_a_finished_experiment_is_history(night):
    before = night.contents("results/experiments")
    for name in ("scripts/stack.py", "rules/experiment.smk", "data/demo/cases.csv", "config/program.md"):
        night.path(name).touch()
    listed = night.snakemake("--cores", "1", "-n")
    assert "Nothing to be done" in listed
    assert "train_base" not in night.snakemake("--cores", "1", "-n", "-F")
    assert night.contents("results/experiments") == before


def test_one_core_and_views_in_shards_give_the_same_ledger(project, finished_night):
    project.configure(search={"shard_cases": 100})
    project.queue("a-by-hand.yaml", stack="rank_mean")
    project.queue("b-crashes.yaml", speaker="nobody speaks like that")
    project.configure(dvc={"record": False})
    project.snakemake("--cores", "1")
    assert len(list(project.path("results/logs/views").glob("*-1-of-2.log"))) > 2
    assert not list(project.path("results/views").glob("*-of-*"))
    pd.testing.assert_frame_equal(project.ledger(), finished_night.ledger(), rtol=1e-6)
    assert "dvc.record is false" in project.path("results/ending.md").read_text()


def test_the_learning_curve_ends_in_the_base_that_the_night_has_trained(finished_night, monkeypatch):
    monkeypatch.chdir(finished_night.root)
    champion = read(finished_night, "results/verdict.json")["champion"]["experiment"]
    metrics = read(finished_night, f"results/experiments/{champion}/metrics.json")
    development = read_development(DEVELOPMENT)
    base, points = learning_curve(champion, development, 0)
    cases, auc, error = zip(*points, strict=True)
    assert list(cases) == sorted(cases) and cases[-1] == len(development.y) and min(error) > 0
    assert auc[-1] == pytest.approx(metrics["base_auc"][base], abs=1e-6)


def test_a_diagnosis_that_would_take_too_long_has_no_learning_curve(finished_night, monkeypatch):
    monkeypatch.chdir(finished_night.root)
    history = read_history(6, 1)
    toolbox = Toolbox(history, Agent(), None, 0)
    assert seconds_of_curve(history.champion().experiment.id) > 0
    said = diagnose("Why?", toolbox, seconds=0)["text"]
    assert "Left out: training on parts of the cases" in said and "AUC of base" not in said
    assert "AUC of base" in diagnose("Why?", toolbox)["text"]
