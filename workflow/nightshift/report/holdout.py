"""What the report shows of the holdout: ROC, gain and calibration with pointwise bands. Computed where the holdout is
opened, by the `verdict` rule, and never anywhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

_POINTS = 101
_SAMPLES = 1000
_TENTHS = 10
_FEWEST_IN_A_BIN = 20
_Z = 1.959964


def holdout_curves(y: np.ndarray, groups: np.ndarray, logits: dict[str, np.ndarray]) -> dict[str, Any]:
    """Curves of each model on the holdout.

    Parameters
    ----------
    y : int array (n,) of 0 and 1, both present
    groups : int array (n,); cases of one group are drawn together in the bands
    logits : model -> float array (n,), calibrated

    Returns
    -------
    dict : `n`, `positives`, and `models`: model -> {`roc`, `gain`, `calibration`}, JSON-ready
    """
    weights = _draws(groups)
    models = {
        name: {**_ranked(y, scores, weights), "calibration": _calibration(y, groups, scores)}
        for name, scores in logits.items()
    }
    return {"n": len(y), "positives": int(y.sum()), "models": models}


def _draws(groups: np.ndarray) -> np.ndarray:
    """Weights of the cases (samples, n) in a bootstrap over groups; the same for every model and every run."""
    _, codes = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(0)
    count = codes.max() + 1
    samples = min(_SAMPLES, max(200, int(4e7 / len(groups))))
    return rng.multinomial(count, np.full(count, 1 / count), size=samples)[:, codes]


def _ranked(y: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> dict[str, list[dict[str, float]]]:
    """ROC and gain on a grid, each point with the middle 95 % of the bootstrap."""
    order = np.argsort(-scores, kind="stable")
    hit, ends = y[order], _ends_of_ties(scores[order])
    grid = np.linspace(0, 1, _POINTS)
    roc, gain = _on_grid(np.ones(len(y)), hit, ends, grid)
    both = [_on_grid(row[order], hit, ends, grid) for row in weights if 0 < (row * y).sum() < row.sum()]
    bands = np.quantile(np.array(both), [0.025, 0.975], axis=0)  # (2, 2, points)
    return {
        "roc": _points("fpr", "tpr", grid, roc, bands[:, 0]),
        "gain": _points("share", "gain", grid, gain, bands[:, 1]),
    }


def _ends_of_ties(ranked: np.ndarray) -> np.ndarray:
    """Positions of the last case of each run of equal scores: inside a run there is no order."""
    return np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)


def _on_grid(weight: np.ndarray, hit: np.ndarray, ends: np.ndarray, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = np.append(0.0, np.cumsum(weight * hit)[ends])
    seen = np.append(0.0, np.cumsum(weight)[ends])
    missed = seen - found
    roc = np.interp(grid, missed / missed[-1], found / found[-1])
    roc[0] = 0.0
    return roc, np.interp(grid, seen / seen[-1], found / found[-1])


def _points(x: str, y: str, grid: np.ndarray, values: np.ndarray, band: np.ndarray) -> list[dict[str, float]]:
    rows = zip(grid, values, band[0], band[1], strict=True)
    return [
        {x: round(at, 4), y: round(v, 4), "low": round(low, 4), "high": round(high, 4)} for at, v, low, high in rows
    ]


def _calibration(y: np.ndarray, groups: np.ndarray, scores: np.ndarray) -> list[dict[str, float]]:
    """Predicted and observed shares in bins of equal size, with Wilson's interval; a group counts as one observation."""
    bins = int(np.clip(len(y) // _FEWEST_IN_A_BIN, 1, _TENTHS))
    rows = [part for part in np.array_split(np.argsort(scores, kind="stable"), bins) if len(part)]
    found = []
    for part in rows:
        observed, n = float(y[part].mean()), len(np.unique(groups[part]))
        middle = (observed + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z / (1 + _Z**2 / n) * np.sqrt(observed * (1 - observed) / n + _Z**2 / (4 * n**2))
        low, high = max(0.0, middle - half), min(1.0, middle + half)
        found.append(
            {
                "predicted": float(expit(scores[part]).mean()),
                "observed": observed,
                "low": float(low),
                "high": float(high),
                "cases": len(part),
            }
        )
    return found
