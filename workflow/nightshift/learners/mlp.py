"""Learner `mlp`: a small neural network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from nightshift.learners.base import Learner

if TYPE_CHECKING:
    from optuna.trial import BaseTrial
    from sklearn.neural_network import MLPClassifier


class Mlp(Learner):
    """One hidden layer, few steps, a strong penalty: what small data bears of a neural network."""

    scaled: ClassVar[bool] = True
    sparse: ClassVar[bool] = False
    trusted: ClassVar[tuple[str, ...]] = ("sklearn.neural_network._stochastic_optimizers.AdamOptimizer",)

    kind: Literal["mlp"] = "mlp"
    hidden: Annotated[int, Field(ge=1, le=1000)] = 16
    alpha: Annotated[float, Field(ge=0, le=1000)] = 1.0
    epochs: Annotated[int, Field(ge=1, le=1000)] = 30

    def build(self, seed: int) -> MLPClassifier:
        from sklearn.neural_network import MLPClassifier

        return MLPClassifier(
            hidden_layer_sizes=(self.hidden,),
            alpha=self.alpha,
            max_iter=self.epochs,
            n_iter_no_change=self.epochs,
            random_state=seed,
        )

    def in_words(self) -> str:
        return "a small neural network"

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str) -> Mlp:
        return cls(
            hidden=trial.suggest_int(f"{prefix}hidden", 4, 64, log=True),
            alpha=round(trial.suggest_float(f"{prefix}alpha", 0.01, 30, log=True), 3),
            epochs=trial.suggest_int(f"{prefix}epochs", 10, 60, step=10),
        )
