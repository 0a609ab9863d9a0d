"""The split's promises, over random data."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from samples import make_keys

from nightshift.config import Validation, parse_config
from nightshift.data import stages
from nightshift.data.split import group_codes, split_cases
from nightshift.data.turns import no_turns
from nightshift.errors import InputError
from nightshift.files import read_json, write_json


def attempt(keys, validation, seed):
    try:
        return split_cases(keys, validation, seed)
    except InputError:
        assume(False)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(60, 300),
    st.integers(0, 5),
    st.sampled_from([None, 25, 60]),
    st.integers(2, 5),
    st.integers(1, 2),
    st.sampled_from([0.1, 0.2, 0.35]),
)
def test_random_splits(n, seed, groups, folds, repeats, holdout):
    keys = make_keys(n, seed, groups)
    split = attempt(keys, Validation(folds=folds, repeats=repeats, holdout=holdout), seed)
    dev, held = split.development, split.holdout
    assert sorted([*dev, *held]) == list(range(n))
    assert abs(len(held) / n - holdout) < (0.12 if groups else 0.06)
    assert split.folds.assignment.shape == (len(dev), repeats)
    assert split.folds.numbers() == list(range(folds))
    for repeat in range(repeats):
        seen = np.zeros(len(dev), dtype=int)
        for fold in range(folds):
            train, predicted = split.folds.pair(repeat, fold)
            seen[predicted] += 1
            assert not set(train) & set(predicted)
            if groups:
                assert not set(keys["group"].iloc[dev[train]]) & set(keys["group"].iloc[dev[predicted]])
        assert (seen == 1).all()
    if groups:
        assert not set(keys["group"].iloc[dev]) & set(keys["group"].iloc[held])


@settings(deadline=None, max_examples=40)
@given(st.integers(80, 300), st.integers(0, 5), st.sampled_from([None, 60, 150]))
def test_forward_splits_never_look_ahead(n, seed, groups):
    keys = make_keys(n, seed, groups, timed=True)
    split = attempt(keys, Validation(folds=3), seed)
    time = keys["time"].to_numpy()
    dev = split.development
    assert split.scheme == "forward"
    assert time[dev].max() < time[split.holdout].min()
    assert len(dev) + len(split.holdout) + split.purged == n
    for fold in split.folds.numbers():
        train, predicted = split.folds.pair(0, fold)
        assert time[dev[train]].max() < time[dev[predicted]].min()
        assert not set(split.folds.groups[train]) & set(split.folds.groups[predicted])
    if groups:
        assert not set(keys["group"].iloc[dev]) & set(keys["group"].iloc[split.holdout])


def test_the_same_seed_gives_the_same_split_and_another_another():
    keys = make_keys(200, groups=80)
    first, again, other = (split_cases(keys, Validation(), seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.folds.assignment, again.folds.assignment)
    assert set(first.holdout) != set(other.holdout)


def test_the_users_own_split_is_obeyed():
    keys = make_keys(90).assign(split=["holdout", "north", "south"] * 30)
    split = split_cases(keys, Validation(split_column="region"), 0)
    assert set(keys["split"].iloc[split.holdout]) == {"holdout"}
    names = keys["split"].iloc[split.development].to_numpy()
    for fold in (0, 1):
        assert len(set(names[split.folds.assignment[:, 0] == fold])) == 1


def test_no_group_is_on_both_sides_of_the_users_own_split():
    keys = make_keys(120, groups=60).assign(split=["holdout", "north", "south", "west"] * 30)
    split = split_cases(keys, Validation(split_column="region"), 0)
    dev, held = keys["group"].iloc[split.development], keys["group"].iloc[split.holdout]
    assert (keys["split"].iloc[split.holdout] == "holdout").all() and len(held) == 30, "the holdout is as the user says"
    assert not set(dev) & set(held)
    assert split.purged > 0 and len(dev) + len(held) + split.purged == len(keys)
    assert split.folds.groups.tolist() == group_codes(keys)[split.development].tolist()


def test_a_split_column_that_cuts_every_group_is_refused():
    keys = make_keys(90).assign(split=["holdout", "north", "south"] * 30, group=[f"g{i // 3}" for i in range(90)])
    with pytest.raises(
        InputError, match=r"no case is left for development \(60 have others of their group in the holdout\)"
    ):
        split_cases(keys, Validation(split_column="region"), 0)


@pytest.mark.parametrize("groups", [60, None])
def test_what_the_split_left_out_is_in_the_card(tmp_path, monkeypatch, groups):
    monkeypatch.chdir(tmp_path)
    keys = make_keys(120, groups=groups).assign(split=["holdout", "north", "south", "west"] * 30)
    keys["time"] = keys["time"].astype("datetime64[us]")
    cases = pd.DataFrame({"case_id": keys["case_id"], "amount": np.arange(120.0)})
    about = {"schema": {"columns": {"amount": "numeric"}}, "warnings": ["ingest's own"], "counts": {}}
    paths = [tmp_path / f"{name}.parquet" for name in ("cases", "turns", "labels")]
    for frame, path in zip((cases, no_turns(), keys), paths, strict=True):
        frame.to_parquet(path)
    write_json(tmp_path / "about.json", about)
    source = SimpleNamespace(cases=paths[0], turns=paths[1], labels=paths[2], about=tmp_path / "about.json")
    names = ("cases", "turns", "holdout_cases", "holdout_turns", "folds", "holdout_labels", "card", "identity", "split")
    output = SimpleNamespace(**{name: tmp_path / "out" / name for name in names})
    data = {"cases": "cases.csv", "id": "case_id", "target": "won", "group": "account"}
    (tmp_path / "cases.csv").write_text("case_id,won\n")
    stages.split(parse_config({"data": data, "validation": {"split_column": "region"}}), source, output)
    told, purged = read_json(output.card)["warnings"], read_json(output.split)["purged"]
    assert told[0] == "ingest's own" and (purged > 0) == bool(groups)
    assert any(f"{purged} of 120 cases are neither in development nor in the holdout" in text for text in told) == bool(
        groups
    )


def test_a_part_with_one_class_is_refused_with_a_remedy():
    keys = make_keys(60, timed=True)
    keys["target"] = (keys["time"] > keys["time"].median()).astype(int)
    with pytest.raises(InputError, match="do not hold both classes") as error:
        split_cases(keys, Validation(folds=3), 0)
    assert "validation.folds" in str(error.value)


def test_missing_groups_are_groups_of_their_own():
    keys = make_keys(100, groups=30)
    keys.loc[::2, "group"] = None
    split = split_cases(keys, Validation(), 0)
    alone = pd.isna(keys["group"].iloc[split.development]).to_numpy()
    assert len(set(split.folds.groups[alone])) == alone.sum()
