"""Learner `random_forest`: random forest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from nightshift.learners.base import Learner

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

    from nightshift.forests import PackedRandomForest


class RandomForest(Learner):
    """Random forest (Breiman 2001)."""

    sparse: ClassVar[bool] = False
    modules: ClassVar[tuple[str, ...]] = ("nightshift.forests",)
    trusted: ClassVar[tuple[str, ...]] = ("nightshift.forests.PackedRandomForest",)
    heft: ClassVar[float] = 2.0

    kind: Literal["random_forest"] = "random_forest"
    n_estimators: Annotated[int, Field(ge=1, le=5000)] = 200
    min_samples_leaf: Annotated[int, Field(ge=1, le=1000)] = 5
    max_features: Annotated[float, Field(gt=0, le=1)] = 0.2

    def build(self, seed: int) -> PackedRandomForest:
        from nightshift.forests import PackedRandomForest

        return PackedRandomForest(
            n_estimators=self.n_estimators,
            min_samples_leaf=self.min_samples_leaf,
            max_features=self.max_features,
            n_jobs=1,
            random_state=seed,
        )

    def in_words(self) -> str:
        return "a random forest"

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str) -> RandomForest:
        return cls(
            n_estimators=200,
            min_samples_leaf=trial.suggest_int(f"{prefix}min_samples_leaf", 2, 30, log=True),
            max_features=round(trial.suggest_float(f"{prefix}max_features", 0.05, 0.8, log=True), 3),
        )
