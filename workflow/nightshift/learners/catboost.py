"""Learner `catboost`: CatBoost, where it is installed (`pip install nightshift[catboost]`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from nightshift.learners.base import Learner

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

    from nightshift.estimators import CatBoostBytes


class CatBoost(Learner):
    """Gradient boosting over symmetric trees with ordered statistics (Prokhorenkova et al. 2018)."""

    sparse: ClassVar[bool] = False
    libraries: ClassVar[tuple[str, ...]] = ("catboost",)
    modules: ClassVar[tuple[str, ...]] = ("nightshift.estimators",)
    trusted: ClassVar[tuple[str, ...]] = ("nightshift.estimators.CatBoostBytes",)
    heft: ClassVar[float] = 3.0

    kind: Literal["catboost"] = "catboost"
    iterations: Annotated[int, Field(ge=1, le=5000)] = 200
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    depth: Annotated[int, Field(ge=1, le=10)] = 4
    l2: Annotated[float, Field(ge=0, le=1000)] = 3.0

    def build(self, seed: int) -> CatBoostBytes:
        from nightshift.estimators import CatBoostBytes

        return CatBoostBytes(
            {
                "iterations": self.iterations,
                "learning_rate": self.learning_rate,
                "depth": self.depth,
                "l2_leaf_reg": self.l2,
                "random_seed": seed,
                "thread_count": 1,
                "verbose": False,
                "allow_writing_files": False,
            }
        )

    def in_words(self) -> str:
        return "CatBoost"

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str) -> CatBoost:
        return cls(
            iterations=trial.suggest_int(f"{prefix}iterations", 50, 300, step=50),
            learning_rate=round(trial.suggest_float(f"{prefix}learning_rate", 0.02, 0.15, log=True), 4),
            depth=trial.suggest_int(f"{prefix}depth", 2, 6),
            l2=round(trial.suggest_float(f"{prefix}l2", 1, 30, log=True), 2),
        )
