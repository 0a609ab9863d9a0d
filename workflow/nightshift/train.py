"""Training one base: all its folds, their out-of-fold predictions and the models that made them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator

from nightshift.data.split import Folds
from nightshift.encode import BlocksEncoder, take
from nightshift.learners import Learner
from nightshift.views.base import Block

_EXTREME = 1e-6


class FoldModel(BaseEstimator):
    """Encoder and classifier of one fold.

    Parameters
    ----------
    encoder : BlocksEncoder
    classifier : scikit-learn classifier
    """

    def __init__(self, encoder: BlocksEncoder, classifier: BaseEstimator):
        self.encoder = encoder
        self.classifier = classifier

    def fit(self, blocks: dict[str, Block], y: np.ndarray) -> FoldModel:
        self.encoder.fit(blocks, y)
        self.classifier.fit(self.encoder.transform(blocks), y)
        return self

    def predict_logit(self, blocks: dict[str, Block]) -> np.ndarray:
        """Logits of the positive class, shape (n_cases,), within +-13.8.

        A classifier without probabilities gives its decision function, on a scale of its own; the stack calibrates
        every fold by itself.
        """
        encoded = self.encoder.transform(blocks)
        if not hasattr(self.classifier, "predict_proba"):
            return np.asarray(self.classifier.decision_function(encoded), dtype=np.float64)
        p = self.classifier.predict_proba(encoded)[:, 1].astype(np.float64)
        p = np.clip(p, _EXTREME, 1 - _EXTREME)
        return np.log(p / (1 - p))


@dataclass(frozen=True)
class TrainedBase:
    """A base with all its folds.

    Attributes
    ----------
    oof : float array (n_cases, repeats)
        Logits (or decision values) out of fold; NaN where a case is never predicted.
    models : list of FoldModel
        Repeat by repeat, folds ascending.
    """

    oof: np.ndarray
    models: list[FoldModel]


def train_base(
    blocks: dict[str, Block], y: np.ndarray, folds: Folds, learner: Learner, terms: dict, seed: int
) -> TrainedBase:
    """Train a base on every fold.

    Parameters
    ----------
    blocks : view name -> Block of n_cases rows
    y : int array (n_cases,)
    folds : Folds
    learner : Learner
    terms : dict
        Parameters of `TermsEncoder`, for sparse blocks.
    seed : int
    """
    oof = np.full((len(y), folds.repeats), np.nan)
    models = []
    for repeat in range(folds.repeats):
        for fold in folds.numbers():
            train, predicted = folds.pair(repeat, fold)
            encoder = BlocksEncoder(learner.scaled, {**terms, "seed": seed}, learner.dense_up_to)
            model = FoldModel(encoder, learner.build(seed))
            model.fit(take(blocks, train), y[train])
            oof[predicted, repeat] = model.predict_logit(take(blocks, predicted))
            models.append(model)
    if not np.isfinite(oof[folds.assignment >= 0]).all():
        raise FloatingPointError("the learner predicted NaN or infinity")
    return TrainedBase(oof, models)
