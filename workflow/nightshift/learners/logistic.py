"""Learner `logistic`: regularised logistic regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from nightshift.learners.base import Learner

if TYPE_CHECKING:
    from optuna.trial import BaseTrial
    from sklearn.linear_model import LogisticRegression


class Logistic(Learner):
    """Logistic regression with an L2 penalty; at home with thousands of words."""

    scaled: ClassVar[bool] = True
    random: ClassVar[bool] = False
    heft: ClassVar[float] = 0.3

    kind: Literal["logistic"] = "logistic"
    c: Annotated[float, Field(gt=0, le=1e6, description="Inverse strength of the penalty.")] = 1.0

    def build(self, seed: int) -> LogisticRegression:
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=self.c, max_iter=1000, tol=1e-6, random_state=seed)

    def in_words(self) -> str:
        return "a logistic regression"

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str) -> Logistic:
        return cls(c=float(f"{trial.suggest_float(f'{prefix}c', 1e-3, 30, log=True):.3g}"))
