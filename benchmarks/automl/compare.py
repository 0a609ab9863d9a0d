"""Paired comparisons of systems over outer folds, from the table that gather.py writes.

Training sets of outer folds overlap, so that differences on them are not independent and the usual standard error is too
small: intervals use the corrected variance of Nadeau and Bengio, Inference for the generalization error (Machine Learning
52, 2003), s^2 (1/k + n_test/n_train), with Student's t on k - 1 degrees of freedom.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
from scipy.stats import t

TABULAR = ("telco_churn_tabular", "persuasion_table", "casino_table")
# By nightshift's own generator; the order of its portfolio has seen no label of them.
MADE_UP = ("demo-1000", "demo-weak-2000")
TWINS = "casino_points"  # two cases share a transcript, which AutoGluon is not told


class Difference(NamedTuple):
    """Mean difference and its standard error, by which the 95 % interval is drawn; the error is NaN where there is only one fold,
    be it of one of several sets.

    Attributes
    ----------
    df : degrees of freedom of Student's t
    folds, sets : over which it is the mean
    """

    mean: float
    error: float
    df: float
    folds: int
    sets: int = 1

    @property
    def low(self) -> float:
        return self.mean - t.ppf(0.975, self.df) * self.error

    @property
    def high(self) -> float:
        return self.mean + t.ppf(0.975, self.df) * self.error

    @property
    def unbounded(self) -> bool:
        """Whether there are too few folds for an interval."""
        return self.error != self.error

    def __str__(self) -> str:
        if self.unbounded:
            return f"{self.mean:+.4f} ({'one fold' if self.folds == 1 else 'no interval: one fold of a set'})"
        return f"{self.mean:+.4f} ({self.low:+.4f} to {self.high:+.4f})"


def with_label(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells, with `label`: system and seconds as in config.yaml."""
    seconds = cells["seconds"].map(lambda value: "free" if pd.isna(value) or value == 0 else f"{int(value)}")
    return cells.assign(label=cells["system"] + "-" + seconds)


def paired(cells: pd.DataFrame, ours: str, other: str, measure: str = "auc") -> dict[str, Difference]:
    """Ours minus the other by set, on the folds that both have."""
    found = {}
    for name, rows in cells.groupby("set"):
        by_fold = rows.pivot_table(index="fold", columns="label", values=measure)
        if ours in by_fold and other in by_fold:
            both = by_fold[[ours, other]].dropna()
            ratio = (rows["n_test"] / rows["n_train"]).mean()
            if len(both):
                found[str(name)] = corrected(both[ours] - both[other], float(ratio))
    return found


def corrected(differences: pd.Series, test_over_train: float) -> Difference:
    """Mean over folds and its corrected error."""
    k, mean = len(differences), float(differences.mean())
    if k < 2:
        return Difference(mean, float("nan"), float("nan"), k)
    return Difference(mean, float(differences.std(ddof=1)) * (1 / k + test_over_train) ** 0.5, k - 1, k)


def together(differences: dict[str, Difference]) -> Difference | None:
    """Mean over sets, each with the same weight, as if their errors were independent.

    Degrees of freedom by Welch and Satterthwaite: a set of few folds has an error that is itself uncertain. The interval is for
    the mean of these sets, not of others that might have been taken.
    """
    known = list(differences.values())
    if not known:
        return None
    variances = [one.error**2 for one in known]
    spread = sum(variance**2 / one.df for variance, one in zip(variances, known, strict=True))
    df = sum(variances) ** 2 / spread if spread else sum(one.df for one in known)
    mean, error = sum(one.mean for one in known) / len(known), sum(variances) ** 0.5 / len(known)
    return Difference(mean, error, df, sum(one.folds for one in known), len(known))
