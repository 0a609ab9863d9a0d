"""Classifiers of our own, as scikit-learn knows them; what the learners of the same names build."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from nightshift.stack import FittedStack, StackSpec, fit_stack


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


class BlendClassifier(ClassifierMixin, BaseEstimator):
    """`nightshift.stack.fit_stack` as a scikit-learn classifier over columns of logits.

    Parameters
    ----------
    spec : dict, fields of StackSpec
    seed : int
    """

    def __init__(self, spec: dict, seed: int = 0):
        self.spec = spec
        self.seed = seed

    def fit(self, x: np.ndarray, y: np.ndarray) -> BlendClassifier:
        self.classes_ = np.array([0, 1])
        self.fitted_ = fit_stack(StackSpec(**self.spec), x, y, self.seed).to_json()
        return self

    def decision_function(self, x: np.ndarray) -> np.ndarray:
        return FittedStack.from_json(self.fitted_).predict(x)


class CatBoostBytes(ClassifierMixin, BaseEstimator):
    """CatBoostClassifier that keeps its fitted model as bytes in CatBoost's own format, which model files can hold.

    Parameters
    ----------
    params : dict, of CatBoostClassifier
    """

    def __init__(self, params: dict):
        self.params = params

    def fit(self, x: np.ndarray, y: np.ndarray) -> CatBoostBytes:
        from catboost import CatBoostClassifier

        self.classes_ = np.array([0, 1])
        model = CatBoostClassifier(**self.params).fit(x, y)
        self.model_ = np.frombuffer(model._serialize_model(), dtype=np.uint8).copy()
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        from catboost import CatBoostClassifier

        model = CatBoostClassifier().load_model(blob=self.model_.tobytes())
        return model.predict_proba(x, thread_count=1)
