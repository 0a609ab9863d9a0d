"""Learner `nb_logistic`: logistic regression on words weighted by naive Bayes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from nightshift.learners.base import Learner

if TYPE_CHECKING:
    from optuna.trial import BaseTrial


class NBLogisticClassifier(ClassifierMixin, BaseEstimator):
    """Columns times their log-count ratio between the classes, then a logistic regression (Wang and Manning 2012).

    Columns that go below 0 (standardised numbers) have no counts; they keep their scale.

    Parameters
    ----------
    c : float, inverse strength of the penalty
    smoothing : float, added to the counts of both classes
    seed : int
    """

    def __init__(self, c: float = 1.0, smoothing: float = 1.0, seed: int = 0):
        self.c = c
        self.smoothing = smoothing
        self.seed = seed

    def fit(self, x: np.ndarray | sparse.csr_array, y: np.ndarray) -> NBLogisticClassifier:
        self.classes_ = np.array([0, 1])
        positive = _sums(x[y == 1]) + self.smoothing
        negative = _sums(x[y == 0]) + self.smoothing
        counted = _lowest(x) >= 0
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(positive / positive[counted].sum()) - np.log(negative / negative[counted].sum())
        self.ratio_ = np.where(counted, ratio, 1.0)
        self.logistic_ = LogisticRegression(C=self.c, max_iter=1000, tol=1e-6, random_state=self.seed)
        self.logistic_.fit(self._weigh(x), y)
        return self

    def predict_proba(self, x: np.ndarray | sparse.csr_array) -> np.ndarray:
        return self.logistic_.predict_proba(self._weigh(x))

    def _weigh(self, x: np.ndarray | sparse.csr_array) -> np.ndarray | sparse.csr_array:
        return x @ sparse.diags_array(self.ratio_, format="csr") if sparse.issparse(x) else x * self.ratio_


def _sums(x: np.ndarray | sparse.csr_array) -> np.ndarray:
    return np.asarray(x.sum(axis=0)).ravel()


def _lowest(x: np.ndarray | sparse.csr_array) -> np.ndarray:
    return x.min(axis=0).toarray().ravel() if sparse.issparse(x) else x.min(axis=0)


class NBLogistic(Learner):
    """Naive Bayes and logistic regression in one: the strongest simple model of short texts."""

    scaled: ClassVar[bool] = True
    trusted: ClassVar[tuple[str, ...]] = ("nightshift.learners.nb_logistic.NBLogisticClassifier",)
    random: ClassVar[bool] = False
    heft: ClassVar[float] = 0.3

    kind: Literal["nb_logistic"] = "nb_logistic"
    c: Annotated[float, Field(gt=0, le=1e6, description="Inverse strength of the penalty.")] = 1.0
    smoothing: Annotated[float, Field(gt=0, le=100)] = 1.0

    def build(self, seed: int) -> NBLogisticClassifier:
        return NBLogisticClassifier(self.c, self.smoothing, seed)

    def in_words(self) -> str:
        return "a naive Bayes logistic regression"

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str) -> NBLogistic:
        return cls(
            c=float(f"{trial.suggest_float(f'{prefix}c', 1e-3, 30, log=True):.3g}"),
            smoothing=round(trial.suggest_float(f"{prefix}smoothing", 0.1, 10, log=True), 2),
        )
