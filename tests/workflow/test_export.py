"""An exported champion in an environment of its own, and the champion in DVC's registry."""

import os
import subprocess

import pandas as pd
import pytest
import yaml
from huggingface_hub import ModelCard
from projects import BIN
from sklearn.metrics import roc_auc_score

from nightshift.export import closure
from nightshift.files import read_json


def test_an_exported_champion_predicts_the_same_with_its_own_requirements_alone(finished_night, tmp_path):
    folder = tmp_path / "exported"
    finished_night.run("nightshift", "export", str(folder))
    names = {path.name for path in folder.iterdir()}
    assert names == {"README.md", "library", "model", "predict.py", "requirements.txt"}
    labels = pd.read_parquet(finished_night.path("results/data/holdout/labels.parquet")).set_index("case_id")["target"]
    cases = pd.read_csv(finished_night.path("data/demo/cases.csv"), dtype=str)
    cases[cases["deal_id"].isin(labels.index)].drop(columns="won").to_csv(folder / "new.csv", index=False)
    calls = finished_night.path("data/demo/transcripts.jsonl")

    def run(*command):
        clean = {name: os.environ[name] for name in ("PATH", "HOME", "SSL_CERT_FILE") if name in os.environ}
        clean |= {name: value for name, value in os.environ.items() if name.startswith(("UV_", "PIP_"))}
        done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(str(BIN / "uv"), "venv", "-q", "--python", str(BIN / "python"), ".venv")
    run(str(BIN / "uv"), "pip", "install", "-q", "--python", ".venv/bin/python", "-r", "requirements.txt")
    run(".venv/bin/python", "-c", "import importlib.util as u; assert u.find_spec('nightshift') is None")
    said = run(".venv/bin/python", "predict.py", "new.csv", str(calls), "--out", "out.parquet")
    assert "out.parquet: " in said and "The first 5:" in said
    there = pd.read_parquet(folder / "out.parquet")
    finished_night.run(
        "nightshift", "predict", str(folder / "new.csv"), str(calls), "--out", str(tmp_path / "o.parquet")
    )
    pd.testing.assert_frame_equal(there, pd.read_parquet(tmp_path / "o.parquet"), check_exact=True)
    auc = roc_auc_score(labels.loc[there["deal_id"]], there["probability"])
    verdict = read_json(finished_night.path("results/verdict.json"))
    assert auc == pytest.approx(verdict["champion"]["holdout_auc"], abs=1e-12)


def test_export_refuses_what_is_there_and_what_is_no_model(finished_night, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    said = finished_night.run("nightshift", "export", str(tmp_path / "full"), check=False).stderr
    assert "is there already" in said
    said = finished_night.run("nightshift", "export", str(tmp_path / "x"), "--model", "config", check=False).stderr
    assert "config holds no model" in said and not (tmp_path / "x").exists()


def test_the_exported_library_is_what_predicting_takes():
    modules = closure(["nightshift.exported"])
    assert {"nightshift.prediction", "nightshift.encode", "nightshift.explain.through", "nightshift"} <= set(modules)
    others = {name.split(".")[1] for name in modules if "." in name}
    assert not others & {"agents", "record", "report", "demo", "chain", "search", "preload"}
    imported = {library for libraries in modules.values() for library in libraries}
    assert "sklearn" in imported and not imported & {"snakemake", "dvc", "openai", "altair"}


def test_the_model_card_is_one_for_the_hub(finished_night):
    path = finished_night.path("results/champion/README.md")
    card = ModelCard.load(path)
    verdict = read_json(finished_night.path("results/verdict.json"))["champion"]
    assert card.data.pipeline_tag == "tabular-classification" and "nightshift" in card.data.tags
    first = card.data.eval_results[0]
    assert (first.metric_type, first.metric_value) == ("roc_auc", round(verdict["holdout_auc"], 4))
    assert f"{verdict['holdout_auc']:.3f} ({verdict['ci_low']:.3f} to {verdict['ci_high']:.3f})" in card.text
    for title in ("Use", "Data", "Figures", "Groups", "Limits", "Made by"):
        assert f"## {title}\n" in card.text
    assert "`report.fairness` in the configuration names no column" in card.text


def test_named_groups_are_compared_though_no_model_reads_them(night):
    night.configure(report={"fairness": ["region", "company_size"]})
    night.snakemake("-f", "model_card", "--cores", "1")
    text = night.path("results/champion/README.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith(("| region |", "| company_size |"))]
    assert len(rows) >= 4 and all(row.count("|") == 9 for row in rows)
    night.configure(report={"fairness": ["regoin"]})
    # Found before a night starts, with all else that is wrong with the columns.
    said = night.snakemake("-f", "ingest", "--cores", "1", check=False)
    assert "set report.fairness in the configuration; did you mean 'region'?" in said


def test_dvc_registry_finds_the_champion(night, tmp_path):
    night.run("git", "checkout", "-q", "README.md")
    night.run("dvc", "exp", "branch", "night", "night-1")
    night.run("gto", "register", "champion", "night-1", "--version", "v1.0.0")
    night.run("dvc", "artifacts", "get", ".", "champion", "--rev", "v1.0.0", "-o", str(tmp_path / "got"))
    got = {path.relative_to(tmp_path / "got").as_posix() for path in (tmp_path / "got").rglob("*") if path.is_file()}
    kept = {
        path.relative_to(night.path("results/champion")).as_posix(): path
        for path in night.path("results/champion").rglob("*")
        if path.is_file() and not path.name.startswith(".snakemake")
    }
    assert got == set(kept) and {"README.md", "model.json", "reference.json"} <= got
    for name, path in kept.items():
        assert (tmp_path / "got" / name).read_bytes() == path.read_bytes()
    artifact = yaml.safe_load(night.path("dvc.yaml").read_text())["artifacts"]["champion"]
    assert artifact["type"] == "model" and artifact["path"] == "results/night/champion"
