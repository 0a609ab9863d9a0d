"""Learner `extra_trees`: extremely randomised trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from nightshift.learners.base import Learner

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

    from nightshift.forests import PackedExtraTrees


class ExtraTrees(Learner):
    """Extremely randomised trees (Geurts et al. 2006): little to tune, hard to overfit, other errors than boosting."""

    sparse: ClassVar[bool] = False
    modules: ClassVar[tuple[str, ...]] = ("nightshift.forests",)
    trusted: ClassVar[tuple[str, ...]] = ("nightshift.forests.PackedExtraTrees",)

    kind: Literal["extra_trees"] = "extra_trees"
    n_estimators: Annotated[int, Field(ge=1, le=5000)] = 200
    min_samples_leaf: Annotated[int, Field(ge=1, le=1000)] = 8
    max_features: Annotated[float, Field(gt=0, le=1)] = 0.3

    def build(self, seed: int) -> PackedExtraTrees:
        from nightshift.forests import PackedExtraTrees

        return PackedExtraTrees(
            n_estimators=self.n_estimators,
            min_samples_leaf=self.min_samples_leaf,
            max_features=self.max_features,
            n_jobs=1,
            random_state=seed,
        )

    def in_words(self) -> str:
        return "extra trees"

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str) -> ExtraTrees:
        return cls(
            n_estimators=200,
            min_samples_leaf=trial.suggest_int(f"{prefix}min_samples_leaf", 3, 40, log=True),
            max_features=round(trial.suggest_float(f"{prefix}max_features", 0.05, 1.0, log=True), 3),
        )
