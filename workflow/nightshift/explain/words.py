"""Which words of a case speak for a view's contribution: examples, not a sum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from nightshift.encode import TermsEncoder
from nightshift.explain.layout import layout
from nightshift.explain.learners import linear_weights
from nightshift.model import Model
from nightshift.train import FoldModel
from nightshift.views.base import Block, Terms

_EXAMPLES = 3
_LOOKED_AT = 20
_ENGLISH = ENGLISH_STOP_WORDS | set("s t d m ll re ve".split())  # and what word boundaries leave of don't and we'll


class Speaking:
    """For each view of words, how far a mention of each term pushes the linear bases that read it.

    A term's weight is the mean over fold models of its coefficient (through an SVD where there is one) times its idf, times
    the weight of the base in the stack. Bases that are not linear in words have no say here.
    """

    def __init__(self, model: Model, blocks: Mapping[str, Block]):
        self.blocks = blocks
        self.weights: dict[str, np.ndarray] = {}
        self.fields: dict[str, set[str]] = {}
        shares = dict(zip(model.stacked["over"], model.stacked["stack"]["weights"], strict=True))
        for name, base in model.experiment.bases.items():
            share = max(0.0, shares.get(name, 1.0 / len(model.bases)))
            for key, view in zip(model.about["view_keys"][name], base.views, strict=True):
                block = blocks[view]
                if not isinstance(block, Terms) or not model.experiment.views[view].named:
                    continue
                told = [_weights_of_terms(fitted, key, block) for fitted in model.bases[name]]
                if all(one is not None for one in told) and len(block.names):
                    # Fields lie side by side, so that the first and the last term tell whether there are several.
                    self.fields[view] = {str(block.names[end]).rpartition(": ")[0] for end in (0, -1)}
                    self.weights[view] = self.weights.get(view, 0.0) + share * np.mean(told, axis=0)

    def examples(self, views: Iterable[str], case: int, up: bool) -> list[str]:
        """Terms of a case that push most in one direction, in quotes and with their field; at most three, none inside
        another, none of English stop words alone."""
        pushed = sorted(((push, term) for view in views for term, push in self._pushed(view, case, up)), reverse=True)
        found: list[tuple[str, str]] = []
        for _, named in pushed:
            field, _, term = named.rpartition(": ")
            if len(found) < _EXAMPLES and not any(f" {term} " in f" {o} " or f" {o} " in f" {term} " for _, o in found):
                found.append((field, term))
        fields = {field for view in views for field in self.fields.get(view, ())}
        return [f'"{term}" ({field})' if field and len(fields) > 1 else f'"{term}"' for field, term in found]

    def _pushed(self, view: str, case: int, up: bool) -> list[tuple[str, float]]:
        if view not in self.weights:
            return []
        block = self.blocks[view]
        said = slice(block.counts.indptr[case], block.counts.indptr[case + 1])
        terms = block.counts.indices[said]
        push = (1 + np.log(np.maximum(block.counts.data[said], 1))) * self.weights[view][terms] * (1 if up else -1)
        strongest = [place for place in np.argsort(-push, kind="stable")[:_LOOKED_AT] if push[place] > 0]
        named = [(str(block.names[terms[place]]), float(push[place])) for place in strongest]
        return [(term, push) for term, push in named if not _ENGLISH.issuperset(term.rpartition(": ")[2].split())]


def _weights_of_terms(model: FoldModel, key: str, block: Terms) -> np.ndarray | None:
    """Weight of one mention of each term of a block, (n_terms,); None for a base that is not linear in them."""
    encoder = model.encoder.encoders_[key]
    coefficients = [linear_weights(classifier) for classifier in model.classifiers]
    reducible = isinstance(encoder, TermsEncoder) and (
        encoder.reduction_ is None or isinstance(encoder.reduction_, TruncatedSVD)
    )
    if not reducible or any(one is None for one in coefficients):
        return None
    part = next(part for part in layout(model.encoder) if part.key == key)
    weights = np.mean(coefficients, axis=0)[part.positions]
    if encoder.reduction_ is not None:
        weights = weights @ encoder.reduction_.components_
    if encoder.weighting == "tfidf":
        weights = weights * encoder.idf_
    places = pd.Index(block.names).get_indexer(pd.Index(encoder.names_, dtype=object))
    there = places >= 0
    found = np.zeros(len(block.names))
    found[places[there]] = weights[there]
    return found
