"""Learner `ridge`: ridge regression on the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from nightshift.learners.base import Learner

if TYPE_CHECKING:
    from optuna.trial import BaseTrial
    from sklearn.linear_model import RidgeClassifier


class Ridge(Learner):
    """Ridge regression on labels -1 and 1: one linear solve, often as good at ranking as a logistic regression."""

    scaled: ClassVar[bool] = True
    random: ClassVar[bool] = False
    heft: ClassVar[float] = 0.2

    kind: Literal["ridge"] = "ridge"
    alpha: Annotated[float, Field(gt=0, le=1e6, description="Strength of the penalty.")] = 10.0

    def build(self, seed: int) -> RidgeClassifier:
        from sklearn.linear_model import RidgeClassifier

        return RidgeClassifier(alpha=self.alpha, solver="sparse_cg", tol=1e-6, random_state=seed)

    def in_words(self) -> str:
        return "a ridge regression"

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str) -> Ridge:
        return cls(alpha=float(f"{trial.suggest_float(f'{prefix}alpha', 0.1, 1000, log=True):.3g}"))
