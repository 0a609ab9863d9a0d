"""Learner `nb_logistic`: logistic regression on words weighted by naive Bayes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from nightshift.learners.base import Learner

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

    from nightshift.estimators import NBLogisticClassifier


class NBLogistic(Learner):
    """Naive Bayes and logistic regression in one: the strongest simple model of short texts."""

    scaled: ClassVar[bool] = True
    modules: ClassVar[tuple[str, ...]] = ("nightshift.estimators",)
    trusted: ClassVar[tuple[str, ...]] = ("nightshift.estimators.NBLogisticClassifier",)
    random: ClassVar[bool] = False
    heft: ClassVar[float] = 0.3

    kind: Literal["nb_logistic"] = "nb_logistic"
    c: Annotated[float, Field(gt=0, le=1e6, description="Inverse strength of the penalty.")] = 1.0
    smoothing: Annotated[float, Field(gt=0, le=100)] = 1.0

    def build(self, seed: int) -> NBLogisticClassifier:
        from nightshift.estimators import NBLogisticClassifier

        return NBLogisticClassifier(self.c, self.smoothing, seed)

    def in_words(self) -> str:
        return "a naive Bayes logistic regression"

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str) -> NBLogistic:
        return cls(
            c=float(f"{trial.suggest_float(f'{prefix}c', 1e-3, 30, log=True):.3g}"),
            smoothing=round(trial.suggest_float(f"{prefix}smoothing", 0.1, 10, log=True), 2),
        )
