"""Shards of a view (`nightshift.shards`) put together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, vstack

from nightshift.views.base import Block, Columns, Terms


def gather(blocks: Sequence[Block]) -> Block:
    """Shards of one view, in order, as the block that all cases at once would give."""
    first = blocks[0]
    if isinstance(first, Columns):
        return Columns(pd.concat([block.frame for block in blocks], ignore_index=True))
    return _gather_terms(blocks)


def _gather_terms(blocks: Sequence[Terms]) -> Terms:
    names = blocks[0].names
    if any(not np.array_equal(block.names, names) for block in blocks):
        names = np.array(sorted(set().union(*(block.names for block in blocks))), dtype=object)
    column = {name: number for number, name in enumerate(names)}
    counts = csr_array(vstack([_moved(block, column) for block in blocks], format="csr"))
    counts.sort_indices()
    return Terms(counts, names)


def _moved(block: Terms, column: dict[str, int]) -> csr_array:
    """Counts with each term in the column that it has in the whole."""
    place: np.ndarray = np.fromiter((column[name] for name in block.names), dtype=np.int32, count=len(block.names))
    counts = block.counts
    return csr_array((counts.data, place[counts.indices], counts.indptr), shape=(counts.shape[0], len(column)))
