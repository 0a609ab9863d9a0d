"""What scikit-learn's own steps lack here: repeatable scores, a guard of the memory, splines that can be stored."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
from scipy.interpolate import BSpline
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_selection import mutual_info_classif
from sklearn.preprocessing import SplineTransformer

_MOST_PRODUCTS = 20_000


def mutual_information(X: Any, y: np.ndarray) -> np.ndarray:
    """Mutual information (n_columns,) of each column and y; scikit-learn's own draws its noise from a global state."""
    return mutual_info_classif(X, y, random_state=0)


class ProductGuard(TransformerMixin, BaseEstimator):
    """Passes columns on unchanged, unless their products would be too many for the memory.

    Parameters
    ----------
    degree : int, of the PolynomialFeatures after it
    """

    def __init__(self, degree: int = 2):
        self.degree = degree

    def fit(self, X: Any, y: np.ndarray | None = None) -> ProductGuard:
        self.n_features_in_ = X.shape[1]
        products = comb(X.shape[1] + self.degree, self.degree)
        if products > _MOST_PRODUCTS:
            raise ValueError(
                f"PolynomialFeatures of degree {self.degree} makes {products:,} columns of {X.shape[1]}, at most "
                f"{_MOST_PRODUCTS:,} are allowed: put a step that leaves fewer columns before it, such as SelectKBest"
            )
        return self

    def transform(self, X: Any) -> Any:
        return X


class StorableSplines(SplineTransformer):
    """SplineTransformer whose fitted splines go to disk as knots and coefficients, and come back through checks.

    scipy's BSpline evaluates without looking at the bounds of its arrays, so a file must not hold one as it is.
    """

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "bsplines_" in state:
            state["bsplines_"] = [[spline.t, spline.c, spline.k] for spline in state["bsplines_"]]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        if "bsplines_" in state:
            # As scikit-learn made them: it extrapolates by itself.
            around = state["extrapolation"] == "continue"
            state["bsplines_"] = [_checked(t, c, int(k), around) for t, c, k in state["bsplines_"]]
        super().__setstate__(state)


def _checked(t: np.ndarray, c: np.ndarray, k: int, extrapolate: bool) -> BSpline:
    """A spline of degree k with knots t (n_splines + k + 1,) and coefficients c (n_splines, n_splines).

    scipy's constructor refuses what does not fit together. It also refuses knots that are all the same, which scikit-learn gives
    to a column of one value in a fold: there everything but the knots is checked with others in their place.

    Raises
    ------
    ValueError
        When they do not fit together.
    """
    knots = np.ascontiguousarray(t, dtype=np.float64)
    if knots.ndim == 1 and len(knots) and np.isfinite(knots[0]) and (knots == knots[0]).all():
        sound = BSpline(np.arange(len(knots)), c, k)
        return BSpline.construct_fast(knots, sound.c, sound.k, extrapolate=extrapolate)
    return BSpline(knots, c, k, extrapolate=extrapolate)
