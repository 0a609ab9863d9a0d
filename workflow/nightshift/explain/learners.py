"""What each group of columns adds to a fitted classifier's logit, against a typical case.

Linear models: weight times distance from the mean, exact. XGBoost, LightGBM, CatBoost: their own Shapley values
(Lundberg et al. 2020), which add up to the prediction. Forests: steps of the prediction along the path of each tree
(Saabas 2014), which add up too. All else (networks, pipelines, plug-ins): how far the prediction moves when the group alone
is made typical, which need not add up where columns work together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import logit

from nightshift.train import logit_of

_NEAR = 1e-9


def contributions(classifier: Any, matrix: Any, mean: np.ndarray, groups: np.ndarray, n_groups: int) -> np.ndarray:
    """Contributions on the logit scale.

    Parameters
    ----------
    classifier : fitted binary classifier
    matrix : float array or csr_array (n_cases, n_columns)
    mean : float array (n_columns,), the mean training case
    groups : int array (n_columns,), group of each column
    n_groups : int

    Returns
    -------
    float array (n_cases, n_groups)
    """
    inside = sparse.csr_array((np.ones(len(groups)), (np.arange(len(groups)), groups)), shape=(len(groups), n_groups))
    if (weights := linear_weights(classifier)) is not None:
        return _dense(matrix @ (inside * weights[:, None])) - (mean * weights) @ inside
    library = type(classifier).__module__.partition(".")[0]
    if library in _SHAPLEY:
        return _dense(_SHAPLEY[library](classifier, matrix)[:, :-1] @ inside)
    if hasattr(classifier, "estimators_") and hasattr(classifier.estimators_[0], "tree_"):
        return _along_paths(classifier, matrix, groups, n_groups)
    if hasattr(classifier, "model_") and type(classifier).__name__ == "CatBoostBytes":
        return _catboost(classifier, matrix)[:, :-1] @ inside
    return _made_typical(classifier, matrix, mean, groups, n_groups)


def is_cheap(classifier: Any) -> bool:
    """Whether many groups cost little more than one."""
    known = type(classifier).__module__.partition(".")[0] in _SHAPLEY or type(classifier).__name__ == "CatBoostBytes"
    return known or hasattr(classifier, "estimators_") or linear_weights(classifier) is not None


def linear_weights(classifier: Any) -> np.ndarray | None:
    """Coefficients (n_columns,) of a linear classifier; None for any other."""
    if hasattr(classifier, "logistic_") and hasattr(classifier, "ratio_"):
        return classifier.logistic_.coef_.ravel() * classifier.ratio_
    try:
        return np.asarray(classifier.coef_, dtype=float).ravel()
    except AttributeError:
        return None


def _xgboost(classifier: Any, matrix: Any) -> np.ndarray:
    from xgboost import DMatrix

    return classifier.get_booster().predict(DMatrix(matrix, nthread=1), pred_contribs=True)


def _lightgbm(classifier: Any, matrix: Any) -> Any:
    # It knows scipy's sparse matrices, and not yet its sparse arrays.
    return classifier.predict(sparse.csr_matrix(matrix) if sparse.issparse(matrix) else matrix, pred_contrib=True)


def _catboost(classifier: Any, matrix: Any) -> np.ndarray:
    from catboost import CatBoostClassifier, Pool

    model = CatBoostClassifier().load_model(blob=classifier.model_.tobytes())
    return model.get_feature_importance(Pool(matrix), type="ShapValues", thread_count=1)


_SHAPLEY = {"xgboost": _xgboost, "lightgbm": _lightgbm}


def _along_paths(forest: Any, matrix: Any, groups: np.ndarray, n_groups: int) -> np.ndarray:
    """Steps of the probability, stretched to the logit between the forest's mean and its prediction."""
    x = np.asarray(matrix, dtype=np.float32)
    steps = np.zeros((len(x), n_groups), dtype=np.float32)
    start = 0.0
    for tree in forest.estimators_:
        inner = tree.tree_
        p = inner.value[:, 0, 1] / inner.value[:, 0].sum(axis=1)
        start += p[0]
        steps += _steps_to(inner, p, groups, n_groups)[inner.apply(x)]
    count = len(forest.estimators_)
    steps, start = steps / count, start / count
    p = np.clip(start + steps.sum(axis=1), 1e-6, 1 - 1e-6)
    start = np.clip(start, 1e-6, 1 - 1e-6)
    away = np.abs(p - start) > 1e-6
    rise = np.where(away, (logit(p) - logit(start)) / np.where(away, p - start, 1), 1 / (start * (1 - start)))
    return steps * rise[:, None]


def _steps_to(tree: Any, p: np.ndarray, groups: np.ndarray, n_groups: int) -> np.ndarray:
    """For each node, what each group has moved the probability by on the way to it; (n_nodes, n_groups)."""
    found = np.zeros((tree.node_count, n_groups), dtype=np.float32)
    for node in range(tree.node_count):  # scikit-learn numbers a parent before its children
        left = tree.children_left[node]
        if left >= 0:
            for child in (left, tree.children_right[node]):
                found[child] = found[node]
                found[child, groups[tree.feature[node]]] += p[child] - p[node]
    return found


def _made_typical(classifier: Any, matrix: Any, mean: np.ndarray, groups: np.ndarray, n_groups: int) -> np.ndarray:
    """Fall of the logit when one group is made typical; in a sparse matrix, empty."""
    whole = logit_of(classifier, matrix)
    found = np.zeros((len(whole), n_groups))
    for group in np.unique(groups):
        columns = groups == group
        if sparse.issparse(matrix):
            other = sparse.csr_array(matrix * np.where(columns, 0.0, 1.0)[None, :])
        else:
            other = np.where(columns, mean, matrix)
        found[:, group] = whole - logit_of(classifier, other)
    return found


def _dense(found: Any) -> np.ndarray:
    return found.toarray() if sparse.issparse(found) else np.asarray(found)


def slope(output: np.ndarray, moved: np.ndarray, steepest: float) -> np.ndarray:
    """Output per unit that an input moved, within +-`steepest`; 0 where it hardly moved or is missing."""
    known = np.isfinite(moved) & (np.abs(moved) > _NEAR)
    return np.clip(np.where(known, output / np.where(known, moved, 1.0), 0.0), -steepest, steepest)
