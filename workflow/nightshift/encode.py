"""From blocks to a matrix: everything of a base that is fitted before its learner, always inside a fold."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import NMF, TruncatedSVD
from sklearn.feature_selection import chi2

from nightshift.columns import ColumnsEncoder
from nightshift.views.base import Block, Columns, Terms

_TOPIC_STEPS = 60
_BETWEEN = "\x1f"  # the unit separator, which no word holds


class TermsEncoder(TransformerMixin, BaseEstimator):
    """Sparse block of counts -> weighted matrix of the terms that are frequent enough.

    Parameters
    ----------
    weighting : "tfidf" (log counts times idf, rows of length 1), "binary" (said or not) or "counts" (log counts)
    min_cases : int
        Terms in fewer training cases are left out.
    max_terms : int or None
        Only that many of the most widespread terms.
    svd : int or None
        Reduce to so many components (latent semantic analysis), for learners that want few dense columns.
    topics : int or None
        Reduce to so many topics (non-negative matrix factorisation) instead.
    select : int or None
        Only that many terms, those that tell the classes best apart (chi-squared).
    seed : int
        Of the reduction.
    """

    def __init__(
        self,
        weighting: str = "tfidf",
        min_cases: int = 3,
        max_terms: int | None = None,
        svd: int | None = None,
        topics: int | None = None,
        select: int | None = None,
        seed: int = 0,
    ):
        self.weighting = weighting
        self.min_cases = min_cases
        self.max_terms = max_terms
        self.svd = svd
        self.topics = topics
        self.select = select
        self.seed = seed

    def fit(self, block: Terms, y: np.ndarray | None = None) -> TermsEncoder:
        n_cases = block.counts.shape[0]
        cases_with = np.bincount(block.counts.indices, minlength=len(block.names))
        keep = np.flatnonzero((cases_with >= self.min_cases) & (cases_with < n_cases))
        if self.max_terms is not None and len(keep) > self.max_terms:
            keep = np.sort(keep[np.argsort(-cases_with[keep], kind="stable")[: self.max_terms]])
        if self.select is not None and len(keep) > self.select:
            keep = keep[_telling(block.counts[:, keep], y, self.select)]
        # One string: skops writes a list of ten thousand names as ten thousand files' worth of nodes, in seconds.
        self.terms_ = _BETWEEN.join(block.names[keep])
        self.idf_ = np.log((1 + n_cases) / (1 + cases_with[keep])) + 1
        self.reduction_ = self._fit_reduction(block.counts[:, keep])
        return self

    def _fit_reduction(self, counts: sparse.csr_array) -> TruncatedSVD | NMF | None:
        """None where there are too few terms to reduce."""
        if self.svd is not None and counts.shape[1] > self.svd:
            return TruncatedSVD(self.svd, random_state=self.seed).fit(self._weigh(counts))
        if self.topics is not None and counts.shape[1] > self.topics:
            # Always the same number of steps: a tolerance over all rows would make a case's topics depend on its company.
            number = min(self.topics, counts.shape[0])  # no more than there are cases
            topics = NMF(number, init="nndsvd", tol=0, max_iter=_TOPIC_STEPS, random_state=self.seed)
            return topics.fit(self._weigh(counts))
        return None

    def transform(self, block: Terms) -> sparse.csr_array | np.ndarray:
        weighted = self._weigh(self._select(block))
        if isinstance(self.reduction_, NMF):
            return topics_of(weighted, self.reduction_.components_, self.reduction_.max_iter)
        return weighted if self.reduction_ is None else self.reduction_.transform(weighted)

    @property
    def names_(self) -> list[str]:
        """The terms that are frequent enough, in the order of the columns."""
        return self.terms_.split(_BETWEEN) if self.terms_ else []

    def _select(self, block: Terms) -> sparse.csr_array:
        """Counts of the fitted terms, in fitted order; a term the block does not know counts 0."""
        columns = block.index.get_indexer(pd.Index(self.names_, dtype=object))
        known = np.flatnonzero(columns >= 0)
        picked = sparse.csr_array(block.counts[:, columns[known]])
        if len(known) == len(columns):
            return picked
        return sparse.csr_array(
            (picked.data, known[picked.indices], picked.indptr), shape=(picked.shape[0], len(columns))
        )

    def _weigh(self, counts: sparse.csr_array) -> sparse.csr_array:
        weighted = sparse.csr_array(counts, dtype=np.float64, copy=True)
        weighted.data = np.ones_like(weighted.data) if self.weighting == "binary" else 1 + np.log(weighted.data)
        if self.weighting == "tfidf":
            weighted.data *= self.idf_[weighted.indices]
            lengths = np.sqrt(weighted.multiply(weighted).sum(axis=1))
            weighted.data /= np.repeat(np.where(lengths > 0, lengths, 1), np.diff(weighted.indptr))
        return weighted


class BlocksEncoder(TransformerMixin, BaseEstimator):
    """Encodes the blocks of a base side by side.

    Parameters
    ----------
    scaled : bool
        For linear learners.
    terms : dict
        Parameters of every `TermsEncoder`.
    dense_up_to : int
        A sparse matrix of at most so many training cells becomes a dense one; it is the fit that decides, so that a
        prediction does not depend on how many cases are predicted with it.
    """

    def __init__(self, scaled: bool = False, terms: dict | None = None, dense_up_to: int = 0):
        self.scaled = scaled
        self.terms = terms
        self.dense_up_to = dense_up_to

    def fit(self, blocks: dict[str, Block], y: np.ndarray | None = None) -> BlocksEncoder:
        self.encoders_ = {name: self._encoder(block).fit(block, y) for name, block in blocks.items()}
        self.dense_ = True
        encoded = self.transform(take(blocks, np.arange(1)))
        if encoded.shape[1] == 0:
            raise ValueError(f"{' and '.join(blocks)}: no column varies and no term is in enough training cases")
        self.dense_ = encoded.shape[1] * len(next(iter(blocks.values()))) <= self.dense_up_to
        return self

    def transform(self, blocks: dict[str, Block]) -> sparse.csr_array | np.ndarray:
        parts = [encoder.transform(blocks[name]) for name, encoder in self.encoders_.items()]
        if any(sparse.issparse(part) for part in parts):
            matrix = sparse.hstack([sparse.csr_array(part) for part in parts], format="csr")
            return matrix.toarray() if self.dense_ else matrix
        return np.hstack(parts)

    def _encoder(self, block: Block) -> ColumnsEncoder | TermsEncoder:
        return ColumnsEncoder(self.scaled) if isinstance(block, Columns) else TermsEncoder(**(self.terms or {}))


def topics_of(weighted: sparse.csr_array, components: np.ndarray, steps: int) -> np.ndarray:
    """How much of each topic is in each case: what `NMF(tol=0).transform` gives, without the products that it makes anew each step.

    Coordinate descent from zero, topic by topic, case by case (Cichocki and Phan, Fast local algorithms for large scale
    nonnegative matrix and tensor factorizations, 2009).

    Parameters
    ----------
    weighted : array (n_cases, n_terms), not negative
    components : float array (n_topics, n_terms), not negative
    steps : int

    Returns
    -------
    float array (n_cases, n_topics)
    """
    gram, projected = components @ components.T, np.ascontiguousarray((weighted @ components.T).T)
    found = np.zeros_like(projected)
    for _ in range(steps):
        for topic in np.flatnonzero(gram.diagonal()):
            # Not by BLAS, which adds up in an order that depends on how many cases there are; einsum does for a single one only.
            slope = np.einsum("k,kn->n", gram[topic], found) - projected[topic]
            found[topic] = np.maximum(found[topic] - slope / gram[topic, topic], 0)
    return np.ascontiguousarray(found.T)


def _telling(counts: sparse.csr_array, y: np.ndarray, number: int) -> np.ndarray:
    """Columns, ascending, of the terms whose presence depends most on the class."""
    said = sparse.csr_array((np.ones_like(counts.data), counts.indices, counts.indptr), shape=counts.shape)
    return np.sort(np.argsort(-chi2(said, y)[0], kind="stable")[:number])


def take(blocks: dict[str, Block], rows: np.ndarray) -> dict[str, Block]:
    """Some rows of every block."""
    return {name: block.take(rows) for name, block in blocks.items()}
