"""Pipelines that the search draws from: sensible for words and for tables, and unlike the other learners."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

    from nightshift.pipelines.catalogue import Steps


def _log(trial: BaseTrial, name: str, least: float, most: float) -> float:
    return float(f"{trial.suggest_float(name, least, most, log=True):.3g}")


def _select(trial: BaseTrial, prefix: str) -> dict:
    return {"sklearn.feature_selection.SelectKBest": {"k": trial.suggest_int(f"{prefix}k", 10, 1000, log=True)}}


def _chosen_logistic(trial: BaseTrial, prefix: str) -> Steps:
    c = _log(trial, f"{prefix}C", 1e-3, 10)
    return [_select(trial, prefix), {"sklearn.linear_model.LogisticRegression": {"C": c, "max_iter": 1000}}]


def _naive_bayes(trial: BaseTrial, prefix: str) -> Steps:
    alpha = _log(trial, f"{prefix}alpha", 0.03, 30)
    return [_select(trial, prefix), {"sklearn.naive_bayes.BernoulliNB": {"alpha": alpha}}]


def _kernel_logistic(trial: BaseTrial, prefix: str) -> Steps:
    gamma = _log(trial, f"{prefix}gamma", 1e-3, 3)
    c = _log(trial, f"{prefix}C", 1e-2, 30)
    return [
        {"sklearn.kernel_approximation.Nystroem": {"gamma": gamma, "n_components": 100}},
        {"sklearn.linear_model.LogisticRegression": {"C": c, "max_iter": 1000}},
    ]


def _linear_svm(trial: BaseTrial, prefix: str) -> Steps:
    c = _log(trial, f"{prefix}C", 1e-4, 1)
    return [{"sklearn.preprocessing.MaxAbsScaler": {}}, {"sklearn.svm.LinearSVC": {"C": c, "max_iter": 10_000}}]


def _rbf_svm(trial: BaseTrial, prefix: str) -> Steps:
    c = _log(trial, f"{prefix}C", 1e-2, 30)
    return [{"sklearn.preprocessing.StandardScaler": {}}, {"sklearn.svm.SVC": {"C": c}}]


def _discriminant(trial: BaseTrial, prefix: str) -> Steps:
    shrinkage = round(trial.suggest_float(f"{prefix}shrinkage", 0.02, 0.98), 2)
    lda = {"sklearn.discriminant_analysis.LinearDiscriminantAnalysis": {"solver": "lsqr", "shrinkage": shrinkage}}
    return [{"sklearn.preprocessing.StandardScaler": {}}, lda]


def _splines(trial: BaseTrial, prefix: str) -> Steps:
    knots = trial.suggest_int(f"{prefix}n_knots", 3, 8)
    c = _log(trial, f"{prefix}C", 1e-3, 3)
    return [
        {"sklearn.preprocessing.SplineTransformer": {"n_knots": knots, "degree": 2}},
        {"sklearn.linear_model.LogisticRegression": {"C": c, "max_iter": 1000}},
    ]


def _neighbours(trial: BaseTrial, prefix: str) -> Steps:
    count = trial.suggest_int(f"{prefix}n_neighbors", 10, 150, log=True)
    neighbours = {"n_neighbors": count, "weights": "distance", "metric": "manhattan"}
    return [
        {"sklearn.preprocessing.StandardScaler": {}},
        {"sklearn.neighbors.KNeighborsClassifier": neighbours},
    ]


TEMPLATES: dict[str, Callable[[BaseTrial, str], Steps]] = {
    "chosen_logistic": _chosen_logistic,
    "discriminant": _discriminant,
    "kernel_logistic": _kernel_logistic,
    "linear_svm": _linear_svm,
    "naive_bayes": _naive_bayes,
    "neighbours": _neighbours,
    "rbf_svm": _rbf_svm,
    "splines": _splines,
}
