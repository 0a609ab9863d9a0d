"""Predicting new cases with the champion of a real night: by rule, by command, from Python."""

import json
import shutil

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import nightshift

COLUMNS = ["deal_id", "probability", "rank", "decile", "calls", "reason_1", "reason_2", "reason_3"]


@pytest.fixture(scope="module")
def asked(finished_night, tmp_path_factory):
    """A copy of the night with the raw rows of the holdout and their calls, as a person would have them."""
    root = tmp_path_factory.mktemp("asked") / "night"
    shutil.copytree(finished_night.root, root, symlinks=True)
    night = type(finished_night)(root)
    labels = pd.read_parquet(night.path("results/data/holdout/labels.parquet"))
    cases = pd.read_csv(night.path("data/demo/cases.csv"), dtype=str)
    held = cases[cases["deal_id"].isin(labels["case_id"])].drop(columns=["won"])
    held.to_csv(night.path("new.csv"), index=False)
    turns = pd.read_json(night.path("data/demo/transcripts.jsonl"), lines=True, dtype=False)
    turns[turns["case_id"].isin(held["deal_id"])].to_json(night.path("calls.jsonl"), orient="records", lines=True)
    return night


def auc(table, night):
    labels = pd.read_parquet(night.path("results/data/holdout/labels.parquet")).set_index("case_id")["target"]
    return roc_auc_score(labels.loc[table.iloc[:, 0]], table["probability"])


def verdict_of(night):
    return json.loads(night.path("results/verdict.json").read_text())["champion"]["holdout_auc"]


@pytest.fixture(scope="module")
def by_rule(asked):
    """What `snakemake predict` says, and its table."""
    new = "{cases: new.csv, transcripts: calls.jsonl, out: out/new.parquet}"
    said = asked.snakemake("predict", "--cores", "2", "--config", f"predict={new}")
    return said, pd.read_parquet(asked.path("out/new.parquet"))


def test_the_rule_predicts_the_holdout_as_the_verdict_did(asked, by_rule):
    said, table = by_rule
    assert table.columns.tolist() == COLUMNS
    assert auc(table, asked) == pytest.approx(verdict_of(asked), abs=1e-12)
    assert f"out/new.parquet: {len(table)} cases predicted by exp-" in said and "The first 5:" in said
    assert "No drift: none of" in said, "the holdout is of the same kind"
    assert table["rank"].min() == 1 and table["decile"].between(1, 10).all()
    assert table.sort_values("probability", ascending=False)["rank"].is_monotonic_increasing
    # A champion as flat as this one has cases that nothing moves by a tenth of a point.
    said = table["reason_1"][table["reason_1"] != ""]
    assert len(said) > len(table) / 2 and said.str.match(r"[+-]\d+(\.\d)? points: ").all()
    assert "Nothing to be done" in asked.snakemake("--cores", "1", "-n"), "the night is as it was"
    assert asked.run("git", "status", "--porcelain", "results").stdout == ""


def test_the_command_and_python_give_the_same(asked, by_rule):
    said = asked.run("nightshift", "predict", "new.csv", "calls.jsonl", "--cores", "1").stdout
    table = pd.read_csv(asked.path("results/predictions/new.csv"), dtype={"deal_id": str}, keep_default_na=False)
    pd.testing.assert_frame_equal(table, by_rule[1], check_dtype=False, atol=1e-6)
    assert said.startswith(f"results/predictions/new.csv: {len(table)} cases predicted by exp-")
    # With a probability in seven digits ties could come in: Python has them all.
    cases = pd.read_csv(asked.path("new.csv"), dtype=str)
    with pytest.warns(UserWarning, match="the model never saw, such as 'aerospace'"):
        frame = nightshift.predict(asked.path("results/champion"), cases, asked.path("calls.jsonl"))
    assert frame.columns.tolist() == ["case_id", *COLUMNS[1:5]]
    assert auc(frame, asked) == pytest.approx(verdict_of(asked), abs=1e-12)


def test_new_kinds_of_cases_are_predicted_with_a_warning(asked):
    cases = pd.read_csv(asked.path("new.csv"), dtype=str).assign(region="Atlantis", seats="900000")
    with pytest.warns(UserWarning) as told:
        frame = nightshift.predict(asked.path("results/champion"), cases, None, allow_missing=True, reasons=2)
    said = " ".join(str(one.message) for one in told)
    assert "column 'region'" in said and "never saw, such as 'Atlantis'" in said
    assert "drift:" in said and "column 'seats' (PSI" in said
    assert frame["probability"].between(0, 1).all() and (frame["calls"] == 0).all()
    assert frame[["reason_1", "reason_2"]].stack().str.contains("there is no call").any()


def test_mistakes_are_one_message_and_no_file(asked):
    asked.write("bad.csv", "deal,amount\n1,2\n")
    done = asked.run("nightshift", "predict", "bad.csv", "nowhere/", "--as-of", "soon", check=False)
    assert done.returncode == 1 and "3 problems to mend before these cases can be predicted" in done.stderr
    assert "is it 'deal'?" in done.stderr and "Traceback" not in done.stderr
    assert not asked.path("results/predictions/bad.csv").exists()
    said = asked.snakemake("predict", "--cores", "1", "--config", "predict={cases: bad.csv}", check=False)
    assert "column 'deal_id': no such column" in said and "Traceback" not in said
    said = asked.snakemake("predict", check=False)
    assert "which cases? snakemake predict --config" in said and "Traceback" not in said
    said = asked.run("nightshift", "predict", "new.csv", check=False).stderr
    assert "the model learned from calls, and none are given" in said and "Traceback" not in said
    said = asked.run("nightshift", "predict", "new.csv", "--model", "results", check=False).stderr
    assert "results holds no model" in said
    assert (
        ".csv, .tsv, .parquet" in asked.run("nightshift", "predict", "new.csv", "--out", "x.xlsx", check=False).stderr
    )


def test_a_prediction_does_not_go_on_with_a_night(asked):
    asked.configure(search={"experiments": 9, "parallel": 2})
    said = asked.snakemake("predict", "-n", "--config", "predict={cases: new.csv, out: other.csv}")
    assert "propose" not in said and "predict" in said


def test_without_a_champion_a_prediction_makes_one_and_the_night_is_recorded(asked):
    record = max(asked.path("results/experiments").glob("*/record.json"))
    record.unlink()
    shutil.rmtree(asked.path("results/champion"))
    asked.snakemake("predict", "--cores", "2", "--config", "predict={cases: new.csv, transcripts: calls.jsonl}")
    assert record.exists() and asked.path("results/champion/model.json").exists()
    assert len(pd.read_csv(asked.path("results/predictions/new.csv"))) == len(pd.read_csv(asked.path("new.csv")))
