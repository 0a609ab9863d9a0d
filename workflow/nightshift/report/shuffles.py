"""Rows of encoded blocks in which views or columns are shuffled, and what a fold model says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from nightshift.encode import BlocksEncoder, take
from nightshift.explain.layout import places
from nightshift.train import FoldModel
from nightshift.views.base import Block

_ROWS_AT_ONCE = 4000  # of a matrix that may be wide

Shuffle = tuple[str, str | None]  # a view, and a column of it or None for the whole view
Job = tuple[list[Shuffle], np.ndarray]  # what is shuffled, and the order that its rows get


@dataclass(frozen=True)
class _Encoded:
    """A block that is a matrix already."""

    matrix: Any

    def take(self, rows: np.ndarray) -> _Encoded:
        return _Encoded(self.matrix[rows])


class _Encoder:
    """A fold model's encoder that takes encoded blocks too: they are encoded once, not for each job."""

    def __init__(self, fitted: BlocksEncoder):
        self.fitted = fitted

    def transform(self, blocks: dict[str, Any]) -> Any:
        parts = [
            blocks[name].matrix if isinstance(blocks[name], _Encoded) else encoder.transform(blocks[name])
            for name, encoder in self.fitted.encoders_.items()
        ]
        if not any(sparse.issparse(part) for part in parts):
            return np.hstack(parts)
        matrix = sparse.hstack([sparse.csr_array(part) for part in parts], format="csr")
        return matrix.toarray() if self.fitted.dense_ else matrix


def predicted(model: FoldModel, blocks: dict[str, Any], below: np.ndarray | None, n: int) -> np.ndarray:
    """Logits (n,) of encoded blocks of n rows; `below` are the logits (n, n_bases) of the bases below, if it has any."""
    ready = FoldModel(_Encoder(model.encoder), model.classifiers, model.line)
    parts = [np.arange(start, min(n, start + _ROWS_AT_ONCE)) for start in range(0, n, _ROWS_AT_ONCE)]
    return np.concatenate(
        [ready.predict_logit(take(blocks, part), None if below is None else below[part]) for part in parts]
    )


def encoded(model: FoldModel, key: str, block: Block) -> Any:
    """Rows of a block as a fold model's encoder gives them, to be shuffled many times."""
    return model.encoder.encoders_[key].transform(block)


def with_shuffles(model: FoldModel, key: str, matrix: Any, view: str, jobs: list[Job]) -> _Encoded:
    """Encoded rows of a view once for each job, job after job, with what the job shuffles in its order.

    A column is encoded by itself and case by case, so that its encoded columns can be shuffled in its place.
    """
    encoder, n, everyone = model.encoder.encoders_[key], matrix.shape[0], np.arange(matrix.shape[0])
    found = matrix[np.concatenate([order if (view, None) in of else everyone for of, order in jobs])]
    columns = [
        (number, name)
        for number, (of, _) in enumerate(jobs)
        for shuffled, name in of
        if shuffled == view and name is not None
    ]
    of_column = dict(places(encoder)) if columns else {}
    for number, name in columns:
        if name in of_column:
            positions, start = of_column[name], number * n
            found[start : start + n, positions] = matrix[np.ix_(jobs[number][1], positions)]
    return _Encoded(found)
