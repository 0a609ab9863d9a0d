"""Whether new cases differ from those the model was trained on, measure by measure.

Each measure is parted into at most ten classes by the development cases. How far the new cases are away is the
population stability index, PSI = sum of (new share - old share) x log(new share / old share); whether that can be
chance is Pearson's chi-squared test of the same counts. Cases of one group (account) resemble each other: the counts of the test
are divided by the design effect 1 + (size of a group - 1) x intraclass correlation of the development cases (Rao and Scott
1981, first order). A measure has drifted when PSI is above 0.2 (the usual threshold of credit scoring) and the test's
p, times the number of measures still in question (Holm 1979), is below 0.01: without drift, one set of new cases in a
hundred is warned of at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency

from nightshift.views.base import Block, Columns, RawData, View

LARGE, LEVEL = 0.2, 0.01
FEWEST = 20
_CLASSES = 10
_FEWEST_SHARE = 0.02
_MISSING, _OTHER = "(missing)", "(other)"


@dataclass(frozen=True)
class Measure:
    """How one measure is spread among the development cases.

    Attributes
    ----------
    name : what it measures, for people: "column 'seats'"
    edges : upper edges of the classes but the last, for a number; None for a category
    values : the classes, for a category: frequent values, the rest together; None for a number
    counts : development cases in each class, those with a missing value last
    effect : design effect of groups, 1 for cases that have nothing to do with each other
    """

    name: str
    counts: list[int]
    edges: list[float] | None = None
    values: list[str] | None = None
    effect: float = 1.0

    def classes(self, column: pd.Series) -> np.ndarray:
        """Class of each case of a column, int (n_cases,)."""
        missing = column.isna().to_numpy()
        found = np.full(len(column), len(self.counts) - 1)
        if self.edges is not None:
            found[~missing] = np.searchsorted(self.edges, column.to_numpy(dtype=float)[~missing], side="left")
        else:
            known = {value: number for number, value in enumerate(self.values)}
            other = len(known) - 1
            found[~missing] = column[~missing].astype(str).map(known).fillna(other).to_numpy(dtype=int)
        return found

    def count(self, column: pd.Series) -> np.ndarray:
        """Cases of a column in each class, int array like `counts`."""
        return np.bincount(self.classes(column), minlength=len(self.counts))

    def name_of_class(self, number: int) -> str:
        """In words, for a message."""
        if number == len(self.counts) - 1:
            return "missing"
        if self.edges is None:
            return "another value" if self.values[number] == _OTHER else repr(self.values[number])
        if number == 0:
            return f"up to {self.edges[0]:.4g}"
        low = f"above {self.edges[number - 1]:.4g}"
        return low if number == len(self.edges) else f"{low}, up to {self.edges[number]:.4g}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Measure:
        return cls(**content)


@dataclass(frozen=True)
class Drifted:
    """A measure of new cases beside the development cases.

    Attributes
    ----------
    name, psi : of the measure
    p : of the chi-squared test, times the number of measures in question
    moved : in words, the class that gained or lost most
    """

    name: str
    psi: float
    p: float
    moved: str

    @property
    def place(self) -> str:
        """The view that it is a measure of, or else the measure itself."""
        return self.name.partition(": ")[0] if self.name.startswith("view ") else self.name

    def __str__(self) -> str:
        return f"{self.name} (PSI {self.psi:.2f}; {self.moved})"


def columns_of(
    raw: RawData, views: Mapping[str, View], blocks: Mapping[str, Block], familiar: Mapping[str, pd.Series]
) -> dict[str, pd.Series]:
    """What is measured: columns of the cases, then what the views make of the turns.

    Dates are measured by whether they are there: new cases are later than old ones without anything being wrong.

    Parameters
    ----------
    raw : RawData
    views : name -> View
    blocks : name -> Block
    familiar : view -> float Series, share of a case's words that a model knows which did not see the case

    Returns
    -------
    dict : name -> values; float columns are numbers, all others categories
    """
    found = dict(_of_case(name, kind, raw.cases[name].reset_index(drop=True)) for name, kind in raw.kinds.items())
    for name, block in blocks.items():
        if not views[name].needs_turns:
            continue  # the columns themselves are measured
        if isinstance(block, Columns):
            found |= {f"view {name!r}: {column}": block.frame[column].reset_index(drop=True) for column in block.frame}
        else:
            amount = np.asarray(block.counts.sum(axis=1)).ravel().astype(float)
            found[f"view {name!r}: amount of text"] = pd.Series(amount)
    for name, share in familiar.items():
        found[f"view {name!r}: share of familiar words"] = share
    return found


def measures_of(columns: Mapping[str, pd.Series], groups: np.ndarray | None = None) -> list[Measure]:
    """How each of the development cases' columns is spread; one that does not vary is left out.

    Parameters
    ----------
    columns : of `columns_of`; the index of each says which cases it has
    groups : int array (n_cases,), group of each case
    """
    found = [_measure(name, column, groups) for name, column in columns.items()]
    return [measure for measure in found if sum(count > 0 for count in measure.counts) > 1]


def counts_of(measures: list[Measure], columns: Mapping[str, pd.Series]) -> list[np.ndarray]:
    """New cases in each class of each measure; counts of parts of the cases can be added."""
    return [measure.count(columns[measure.name]) for measure in measures]


def drifted(measures: list[Measure], counts: list[np.ndarray]) -> tuple[list[Drifted], int]:
    """The measures that have drifted, furthest first, and how many were looked at: none below 20 cases.

    Parameters
    ----------
    measures : of the development cases
    counts : of the new ones, by `counts_of`
    """
    if not counts or counts[0].sum() < FEWEST:
        return [], 0
    tests = [_tested(measure, new) for measure, new in zip(measures, counts, strict=True)]
    found, worst = [], 0.0
    for number, (psi, p, measure, counts) in enumerate(sorted(tests, key=lambda test: test[1])):
        worst = max(worst, min(1.0, p * (len(tests) - number)))
        if worst < LEVEL and psi > LARGE:
            found.append(Drifted(measure.name, psi, worst, _moved(measure, counts)))
    return sorted(found, key=lambda one: -one.psi), len(tests)


def psi_of(old: np.ndarray, new: np.ndarray) -> float:
    """Population stability index of two vectors of counts; half a case is added to each class, so that none is empty."""
    p, q = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (np.asarray(old), np.asarray(new)))
    return float(((q - p) * np.log(q / p)).sum())


def _tested(measure: Measure, new: np.ndarray) -> tuple[float, float, Measure, np.ndarray]:
    old = np.array(measure.counts)
    there = old + new > 0
    table = np.stack([old, new])[:, there]
    p = chi2_contingency(table / measure.effect, correction=False).pvalue if table.shape[1] > 1 else 1.0
    return psi_of(old[there], new[there]), float(p), measure, new


def _moved(measure: Measure, new: np.ndarray) -> str:
    before, now = (counts / max(1, counts.sum()) for counts in (np.array(measure.counts), new))
    number = int(np.argmax(np.abs(now - before)))
    return f"{measure.name_of_class(number)}: {before[number]:.0%} before, {now[number]:.0%} now"


def _of_case(name: str, kind: str, column: pd.Series) -> tuple[str, pd.Series]:
    if kind == "numeric":
        return f"column {name!r}", column.astype("float64")
    if kind == "text":
        return f"length of column {name!r}", column.str.count(r"\w+").astype("float64")
    if kind == "datetime":
        return f"column {name!r}", column.notna().map({True: "there", False: None})
    return f"column {name!r}", column.map({1.0: "yes", 0.0: "no"}) if kind == "boolean" else column.astype("str")


def _measure(name: str, column: pd.Series, groups: np.ndarray | None) -> Measure:
    if pd.api.types.is_float_dtype(column):
        known = column[np.isfinite(column)]
        edges = np.unique(known.quantile(np.arange(1, _CLASSES) / _CLASSES)) if len(known) else np.array([])
        measure = Measure(name, [0] * (len(edges) + 2), edges=[float(edge) for edge in edges])
    else:
        shares = column.dropna().astype(str).value_counts(normalize=True)
        frequent = [value for value in shares.index[: _CLASSES - 1] if shares[value] >= _FEWEST_SHARE]
        measure = Measure(name, [0] * (len(frequent) + 2), values=[*frequent, _OTHER])
    of = None if groups is None else groups[column.index]
    effect = 1.0 if of is None else design_effect(measure.classes(column), of)
    return Measure(name, measure.count(column).tolist(), measure.edges, measure.values, effect)


def design_effect(classes: np.ndarray, groups: np.ndarray) -> float:
    """How many cases of groups are worth one, at least 1: 1 + (mean size of a case's group - 1) x intraclass correlation,
    by analysis of variance over the indicators of all classes together.

    Parameters
    ----------
    classes, groups : int arrays (n_cases,)
    """
    groups = np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(groups)
    n, count = len(groups), len(sizes)
    if count < 2 or count == n:
        return 1.0
    told = np.eye(classes.max() + 1)[classes]
    means = np.stack([np.bincount(groups, weights=column) for column in told.T], axis=1) / sizes[:, None]
    within = float(((told - means[groups]) ** 2).sum()) / (n - count)
    between = float((sizes[:, None] * (means - told.mean(axis=0)) ** 2).sum()) / (count - 1)
    usual = (n - (sizes**2).sum() / n) / (count - 1)
    total = between + (usual - 1) * within
    alike = (between - within) / total if total > 0 else 0.0
    return 1 + (float((sizes**2).sum() / n) - 1) * float(np.clip(alike, 0, 1))
