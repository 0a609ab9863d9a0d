"""Learner `lightgbm`: LightGBM, where it is installed (`pip install nightshift[lightgbm]`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from nightshift.learners.base import Learner

if TYPE_CHECKING:
    from lightgbm import LGBMClassifier
    from optuna.trial import BaseTrial


class LightGBM(Learner):
    """Gradient boosting grown leaf by leaf (Ke et al. 2017)."""

    sparse: ClassVar[bool] = True
    dense_up_to: ClassVar[int] = 50_000_000
    libraries: ClassVar[tuple[str, ...]] = ("lightgbm",)
    trusted: ClassVar[tuple[str, ...]] = (
        "collections.OrderedDict",
        "lightgbm.basic.Booster",
        "lightgbm.sklearn.LGBMClassifier",
    )
    heft: ClassVar[float] = 0.7

    kind: Literal["lightgbm"] = "lightgbm"
    n_estimators: Annotated[int, Field(ge=1, le=5000)] = 150
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    num_leaves: Annotated[int, Field(ge=2, le=1000)] = 8
    min_child_samples: Annotated[int, Field(ge=1, le=10_000)] = 20
    colsample: Annotated[float, Field(gt=0, le=1)] = 0.5
    reg_lambda: Annotated[float, Field(ge=0, le=1000)] = 1.0

    def build(self, seed: int) -> LGBMClassifier:
        from lightgbm import LGBMClassifier

        return LGBMClassifier(
            n_estimators=self.n_estimators,
            learning_rate=self.learning_rate,
            num_leaves=self.num_leaves,
            min_child_samples=self.min_child_samples,
            colsample_bytree=self.colsample,
            reg_lambda=self.reg_lambda,
            subsample=0.8,
            subsample_freq=1,
            n_jobs=1,
            deterministic=True,
            force_row_wise=True,
            random_state=seed,
            verbose=-1,
        )

    def in_words(self) -> str:
        return "LightGBM"

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str) -> LightGBM:
        return cls(
            n_estimators=trial.suggest_int(f"{prefix}n_estimators", 50, 400, step=50),
            learning_rate=round(trial.suggest_float(f"{prefix}learning_rate", 0.01, 0.15, log=True), 4),
            num_leaves=trial.suggest_int(f"{prefix}num_leaves", 3, 24, log=True),
            min_child_samples=trial.suggest_int(f"{prefix}min_child_samples", 5, 60, log=True),
            colsample=round(trial.suggest_float(f"{prefix}colsample", 0.1, 1.0), 2),
            reg_lambda=round(trial.suggest_float(f"{prefix}reg_lambda", 0.1, 30, log=True), 2),
        )
