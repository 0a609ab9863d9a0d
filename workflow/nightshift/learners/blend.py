"""Learner `blend`: the plain stacks, as a base of the second level."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field
from sklearn.base import BaseEstimator, ClassifierMixin

from nightshift.learners.base import Learner
from nightshift.stack import Blending, FittedStack, StackSpec, fit_stack


class BlendClassifier(ClassifierMixin, BaseEstimator):
    """`nightshift.stack.fit_stack` as a scikit-learn classifier over columns of logits.

    Parameters
    ----------
    spec : dict, fields of StackSpec
    seed : int
    """

    def __init__(self, spec: dict, seed: int = 0):
        self.spec = spec
        self.seed = seed

    def fit(self, x: np.ndarray, y: np.ndarray) -> BlendClassifier:
        self.classes_ = np.array([0, 1])
        self.fitted_ = fit_stack(StackSpec(**self.spec), x, y, self.seed).to_json()
        return self

    def decision_function(self, x: np.ndarray) -> np.ndarray:
        return FittedStack.from_json(self.fitted_).predict(x)


class Blend(Learner):
    """A weighted mean of other bases' predictions; what the stack does, one level below it."""

    random: ClassVar[bool] = False
    trusted: ClassVar[tuple[str, ...]] = ("nightshift.learners.blend.BlendClassifier",)

    kind: Literal["blend"] = "blend"
    method: Blending = "logistic"
    c: Annotated[float, Field(gt=0, le=1e6)] = 0.1
    rounds: Annotated[int, Field(ge=1, le=200)] = 15
    bags: Annotated[int, Field(ge=1, le=100)] = 8

    def build(self, seed: int) -> BlendClassifier:
        return BlendClassifier(self.model_dump(exclude={"kind"}), seed)

    def in_words(self) -> str:
        return "a blend"
