"""The demo's promises: the same bytes, plausible calls, a known best AUC, and the story it is there to tell."""

import numpy as np
import pandas as pd
import pytest

from nightshift.cli import main
from nightshift.demo import generate, write
from nightshift.errors import InputError


@pytest.fixture(scope="module")
def demo():
    return generate()


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name, seed in (("one", 0), ("again", 0), ("other", 1)):
        write(tmp_path / name, 150, seed)
    assert contents(tmp_path / "one") == contents(tmp_path / "again")
    assert contents(tmp_path / "one")["cases.csv"] != contents(tmp_path / "other")["cases.csv"]


def test_what_is_written_is_what_is_generated(tmp_path):
    write(tmp_path, 150, 0)
    made = generate(150, 0)
    assert pd.read_csv(tmp_path / "cases.csv")["won"].tolist() == made.cases["won"].tolist()
    turns = pd.read_json(tmp_path / "transcripts.jsonl", lines=True, dtype=False)
    assert turns["text"].tolist() == made.turns["text"].tolist()
    assert f"{made.bayes_auc:.4f}" in (tmp_path / "README.md").read_text()


@pytest.mark.parametrize("n", [99, 1_000_001])
def test_sizes_out_of_range_are_refused(n):
    with pytest.raises(InputError, match="choose a number from 100"):
        generate(n)


def test_shape(demo):
    cases, turns = demo.cases, demo.turns
    assert len(cases) == 1200 and cases["deal_id"].is_unique
    assert cases["account"].value_counts().eq(3).all()
    assert cases["won"].isin([0, 1]).all() and 0.3 < cases["won"].mean() < 0.6
    assert cases.isna().any().sum() >= 3
    assert set(turns["deal_id"]) < set(cases["deal_id"]), "some deals have no call"
    assert turns.groupby("deal_id")["call"].nunique().max() > 1
    assert set(turns["speaker"]) == {"rep", "customer"}
    assert turns["text"].str.len().min() > 3 and not turns["text"].str.contains("{", regex=False).any()
    assert (turns["end"] > turns["start"]).all()


def test_nobody_can_beat_about_0_70(demo):
    assert 0.67 < demo.bayes_auc < 0.73


def test_a_large_demo_is_made_in_chunks():
    made = generate(9_300, 0)
    assert made.cases["deal_id"].is_unique and len(made.cases) == 9_300
    assert made.cases.groupby("account").size().max() == 3
    assert np.isfinite(made.probability).all()


def test_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        "sys.argv", ["nightshift", "demo", "--folder", str(tmp_path / "d"), "--n", "120", "--seed", "3"]
    )
    main()
    assert (tmp_path / "d" / "cases.csv").exists()
    assert "AUC" in capsys.readouterr().out
