"""The words that push up and down: weights of linear bases over terms."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

import numpy as np
from scipy import sparse

from nightshift.encode import TermsEncoder
from nightshift.explain.layout import width
from nightshift.explain.learners import linear_weights
from nightshift.report.importance import Opened
from nightshift.train import FoldModel
from nightshift.views.base import Terms

_EACH_WAY = 12


def pushing_words(opened: Opened) -> list[dict[str, Any]]:
    """For each linear base over words: the terms that move its logit most, by their weight times their spread.

    Terms count in the fold models that know them; a term has to be known to more than half of them.

    Returns
    -------
    list of dict : `base`, `view`, `up` and `down`, lists of {`term`, `push`, `cases`}, strongest first
    """
    found = []
    for name in opened.experiment.bases:
        for key, view in zip(opened.keys[name], opened.experiment.bases[name].views, strict=True):
            block = opened.blocks[view]
            pushes = _pushes(opened.models[name], key, block) if isinstance(block, Terms) else {}
            if pushes:
                found.append({"base": name, "view": view, **_strongest(pushes, block)})
    return found


def _pushes(models: list[FoldModel], key: str, block: Terms) -> dict[str, float]:
    """Term -> mean over fold models of weight x standard deviation; empty for a base that is not linear in terms."""
    told: dict[str, list[float]] = {}
    for model in models:
        encoder = model.encoder.encoders_[key]
        weights = _weights(model)
        if weights is None or not isinstance(encoder, TermsEncoder) or encoder.reduction_ is not None:
            return {}
        matrix = sparse.csc_array(encoder.transform(block))
        start = _columns_before(model, key)
        mean = np.asarray(matrix.mean(axis=0)).ravel()
        spread = np.sqrt(np.maximum(np.asarray(matrix.multiply(matrix).mean(axis=0)).ravel() - mean**2, 0))
        push = weights[start : start + matrix.shape[1]] * spread
        for term, value in zip(encoder.names_, push, strict=True):
            told.setdefault(str(term), []).append(float(value))
    return {term: sum(values) / len(models) for term, values in told.items() if 2 * len(values) > len(models)}


def _columns_before(model: FoldModel, key: str) -> int:
    """Columns of the matrix in front of a view's."""
    return sum(
        width(encoder) for _, encoder in takewhile(lambda known: known[0] != key, model.encoder.encoders_.items())
    )


def _weights(model: FoldModel) -> np.ndarray | None:
    """Coefficients (n_columns,), mean over seeds; None for what is not linear."""
    told = [linear_weights(classifier) for classifier in model.classifiers]
    return None if any(one is None for one in told) else np.mean(told, axis=0)


def _strongest(pushes: dict[str, float], block: Terms) -> dict[str, list[dict[str, Any]]]:
    cases = dict(zip(map(str, block.names), np.bincount(block.counts.indices, minlength=len(block.names)), strict=True))
    ranked = sorted(pushes, key=pushes.__getitem__)
    rows = [{"term": term, "push": pushes[term], "cases": int(cases.get(term, 0))} for term in ranked]
    return {
        "up": [row for row in reversed(rows[-_EACH_WAY:]) if row["push"] > 0],
        "down": [row for row in rows[:_EACH_WAY] if row["push"] < 0],
    }
