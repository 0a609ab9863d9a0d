"""Which columns of a base's matrix come from which column of which view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from nightshift.columns import ColumnsEncoder
from nightshift.encode import BlocksEncoder, TermsEncoder


class Part(NamedTuple):
    """Columns of a matrix with one source.

    Attributes
    ----------
    key : name under which the encoder knows the block
    column : column of a dense block; None: all terms of a sparse one
    positions : int array, columns of the matrix
    """

    key: str
    column: str | None
    positions: np.ndarray


def layout(encoder: BlocksEncoder) -> list[Part]:
    """The parts of a fitted encoder's matrix, in order; together they are all of its columns."""
    parts, start = [], 0
    for key, fitted in encoder.encoders_.items():
        for column, inside in places(fitted):
            parts.append(Part(key, column, start + inside))
        start += width(fitted)
    return parts


def width(encoder: ColumnsEncoder | TermsEncoder) -> int:
    """Columns that the encoder of one block makes."""
    if isinstance(encoder, TermsEncoder):
        return len(encoder.names_) if encoder.reduction_ is None else encoder.reduction_.components_.shape[0]
    return len(encoder.numbers_) + len(encoder.indicated_) + int(encoder.widths_.sum())


def places(encoder: ColumnsEncoder | TermsEncoder) -> Iterator[tuple[str | None, np.ndarray]]:
    """Source (see `Part.column`) and positions in what the encoder of one block makes."""
    if isinstance(encoder, TermsEncoder):
        yield None, np.arange(width(encoder))
        return
    numbers = encoder.numbers_
    positions: dict[str, list[int]] = {name: [number] for number, name in enumerate(numbers)}
    at = len(numbers)
    for number in encoder.indicated_:
        positions[numbers[number]].append(at)
        at += 1
    for name, count in zip(encoder.categories_, encoder.widths_, strict=True):
        positions[name] = list(range(at, at + count))
        at += count
    for name, found in positions.items():
        yield str(name), np.array(found, dtype=int)
