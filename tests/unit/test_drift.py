"""Drift: silent when nothing changed, loud and by name when something did."""

import numpy as np
import pandas as pd
import pytest
from samples import make_raw

from nightshift.drift import Measure, columns_of, counts_of, design_effect, drifted, measures_of, psi_of
from nightshift.views import VIEWS


def columns(n, rng, shift=0.0, region=("EU", "US", "APAC")):
    numbers = {f"column 'x{k}'": pd.Series(rng.normal(size=n)) for k in range(20)}
    numbers["column 'x0'"] += shift
    return numbers | {"column 'region'": pd.Series(rng.choice(region, n), dtype="str")}


@pytest.fixture(scope="module")
def measures():
    return measures_of(columns(1000, np.random.default_rng(0)))


@pytest.mark.parametrize("n", [30, 200, 5000])
def test_without_drift_a_warning_is_rare(measures, n):
    rng = np.random.default_rng(1)
    found = [drifted(measures, counts_of(measures, columns(n, rng)))[0] for _ in range(200)]
    assert sum(map(bool, found)) <= 4, "one in a hundred is allowed for"


def test_a_column_that_moves_is_named_with_what_moved(measures):
    rng = np.random.default_rng(2)
    found, looked_at = drifted(measures, counts_of(measures, columns(300, rng, shift=1.5)))
    assert looked_at == 21 and [one.name for one in found] == ["column 'x0'"]
    assert found[0].psi > 0.5 and found[0].p < 1e-6 and "before" in str(found[0])


def test_a_value_that_training_never_saw_is_another_value(measures):
    new = columns(200, np.random.default_rng(3), region=("EU", "US", "LATAM"))
    (found,), _ = drifted(measures, counts_of(measures, new))
    assert (found.name == "column 'region'" and "another value: 0% before" in found.moved) or "'APAC'" in found.moved


def test_missing_values_are_a_class(measures):
    new = columns(200, np.random.default_rng(4))
    new["column 'x3'"][::2] = np.nan
    (found,), _ = drifted(measures, counts_of(measures, new))
    assert found.name == "column 'x3'" and found.moved.startswith("missing: 0% before, 50% now")


def test_too_few_cases_say_nothing(measures):
    assert drifted(measures, counts_of(measures, columns(19, np.random.default_rng(5), shift=9))) == ([], 0)
    assert drifted(measures, []) == ([], 0)


def test_psi_is_zero_for_equal_shares_and_grows():
    assert psi_of(np.array([500, 500]), np.array([500, 500])) == 0
    # (0.8 - 0.5) ln(0.8 / 0.5) + (0.2 - 0.5) ln(0.2 / 0.5) = 0.416, less the half case a class.
    assert psi_of(np.array([5000, 5000]), np.array([8000, 2000])) == pytest.approx(0.416, abs=1e-3)


def test_measures_come_back_from_json(measures):
    assert [Measure.from_json(measure.to_json()) for measure in measures] == measures


def test_columns_and_views_of_real_cases_are_measured():
    raw = make_raw(200)
    views = {"t": VIEWS["table"](), "w": VIEWS["words"](), "d": VIEWS["dynamics"]()}
    blocks = {name: view.featurize(raw) for name, view in views.items()}
    familiar = {"w": pd.Series(np.full(200, 0.9))}
    found = columns_of(raw, views, blocks, familiar)
    names = {"column 'size'", "column 'vip'", "column 'opened'", "length of column 'note'", "view 'w': amount of text"}
    assert names | {"view 'd': calls", "view 'w': share of familiar words"} <= set(found)
    assert not any("view 't'" in name for name in found), "its columns are measured themselves"
    measures = measures_of(found)
    assert "column 'opened'" not in [measure.name for measure in measures], "dates go on; only their lack is measured"
    assert drifted(measures, counts_of(measures, found))[0] == []


def test_cases_of_one_account_count_less():
    rng = np.random.default_rng(6)
    alike = np.repeat(rng.integers(0, 3, 200), 5)
    groups = np.repeat(np.arange(200), 5)
    assert design_effect(alike, groups) == pytest.approx(5)
    assert design_effect(rng.integers(0, 3, 1000), groups) < 1.3
    assert design_effect(alike, np.arange(1000)) == design_effect(alike, np.zeros(1000, int)) == 1


def test_without_drift_a_warning_is_rare_among_accounts_too():
    """The industry of an account is that of all its deals: as single cases, a few accounts look like drift."""
    rng = np.random.default_rng(7)

    def accounts(count):
        return pd.Series(np.repeat(rng.choice(["a", "b", "c", "d"], count), 4), dtype="str")

    plain, grouped = 0, 0
    for _ in range(150):
        old, new = {"column 'x'": accounts(60)}, {"column 'x'": accounts(12)}
        for groups in (None, np.repeat(np.arange(60), 4)):
            measures = measures_of(old, groups)
            found = bool(drifted(measures, counts_of(measures, new))[0])
            plain, grouped = plain + (groups is None and found), grouped + (groups is not None and found)
    assert plain > 15 and grouped <= 5
