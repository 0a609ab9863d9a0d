"""Warnings where a column knows too much, silence where it does not."""

import numpy as np
import pandas as pd

from nightshift.data.leakage import auc, leakage_warnings
from nightshift.data.schema import Schema

N = 400
RNG = np.random.default_rng(0)
Y = RNG.integers(0, 2, N)


def warn(values, kind, time=None, y=Y):
    cases = pd.DataFrame({"case_id": [str(i) for i in range(len(y))], "x": values})
    return leakage_warnings(cases, y, Schema({"x": kind}), time)


def test_auc_is_that_of_the_textbook():
    assert auc(np.array([1, 2, 2, 3.0]), np.array([0, 1, 0, 1])) == 0.875


def test_number_that_knows_the_outcome_in_either_direction():
    for sign in (1, -1):
        assert "alone gives an AUC" in warn(sign * (Y + RNG.normal(0, 0.1, N)), "numeric")[0]


def test_category_that_knows_the_outcome():
    assert "data.drop" in warn(np.where(Y, "signed", "gone"), "category")[0]


def test_being_filled_in_may_be_what_leaks():
    for kind, value in (("text", "a long note on why it was lost"), ("category", "price"), ("numeric", 1.0)):
        values = pd.Series([value if y == 0 else None for y in Y], dtype="float64" if kind == "numeric" else "str")
        assert len(warn(values, kind)) == 1, kind
    dates = pd.Series(np.where(Y, np.datetime64("2024-05-01"), np.datetime64("NaT"))).astype("datetime64[us]")
    assert "alone" in warn(dates, "datetime")[0]


def test_noise_of_any_cardinality_is_silent():
    for cardinality in (2, 20, 100, 200, 350):
        assert warn(RNG.integers(0, cardinality, N).astype(str), "category") == [], cardinality
    assert warn(RNG.normal(size=N), "numeric") == []
    assert warn(RNG.integers(0, 2, N).astype(float), "boolean") == []


def test_ids_are_called_ids_only():
    for values, kind in (([f"D-{i}" for i in range(N)], "category"), (np.arange(N) * 3.0, "numeric")):
        warnings = warn(values, kind)
        assert len(warnings) == 1 and "looks like an id" in warnings[0]
    assert warn([f"note number {i} of the day" for i in range(N)], "text") == []


def test_date_later_than_the_prediction():
    time = pd.Series(pd.date_range("2024-01-01", periods=N, unit="us"))
    order = RNG.permutation(N)
    late = (time + pd.Timedelta(days=3)).where(pd.Series(order) % 10 > 0)
    assert "later than data.time in 100%" in warn(late, "datetime", time)[0]
    assert warn(time - pd.Timedelta(days=3), "datetime", time) == []
    assert warn(time, "datetime", time) == []


def test_few_cases_or_one_class_are_silent():
    assert warn([1.0, 0.0], "numeric", y=np.array([1, 0])) == []
    assert warn(Y * 1.0, "numeric", y=np.ones(N, dtype=int)) == []
