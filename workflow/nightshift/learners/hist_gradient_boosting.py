"""Learner `hist_gradient_boosting`: scikit-learn's gradient boosting over histograms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from nightshift.learners.base import Learner

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

    from nightshift.forests import PackedHistGradientBoosting


class HistGradientBoosting(Learner):
    """Gradient boosting over histograms, grown leaf by leaf (after LightGBM, Ke et al. 2017)."""

    sparse: ClassVar[bool] = False
    modules: ClassVar[tuple[str, ...]] = ("nightshift.forests",)
    trusted: ClassVar[tuple[str, ...]] = (
        "nightshift.forests.PackedHistGradientBoosting",
        "sklearn._loss._loss.CyHalfBinomialLoss",
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    )
    heft: ClassVar[float] = 1.5

    kind: Literal["hist_gradient_boosting"] = "hist_gradient_boosting"
    max_iter: Annotated[int, Field(ge=1, le=5000)] = 100
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    max_leaf_nodes: Annotated[int, Field(ge=2, le=1000)] = 8
    min_samples_leaf: Annotated[int, Field(ge=1, le=10_000)] = 20
    l2: Annotated[float, Field(ge=0, le=1000)] = 1.0
    max_features: Annotated[float, Field(gt=0, le=1)] = 0.5

    def build(self, seed: int) -> PackedHistGradientBoosting:
        from nightshift.forests import PackedHistGradientBoosting

        return PackedHistGradientBoosting(
            max_iter=self.max_iter,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2,
            max_features=self.max_features,
            early_stopping=False,
            random_state=seed,
        )

    def in_words(self) -> str:
        return "histogram boosting"

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str) -> HistGradientBoosting:
        return cls(
            max_iter=trial.suggest_int(f"{prefix}max_iter", 40, 300, step=20),
            learning_rate=round(trial.suggest_float(f"{prefix}learning_rate", 0.01, 0.15, log=True), 4),
            max_leaf_nodes=trial.suggest_int(f"{prefix}max_leaf_nodes", 3, 24, log=True),
            min_samples_leaf=trial.suggest_int(f"{prefix}min_samples_leaf", 5, 60, log=True),
            l2=round(trial.suggest_float(f"{prefix}l2", 0.1, 30, log=True), 2),
            max_features=round(trial.suggest_float(f"{prefix}max_features", 0.1, 1.0), 2),
        )
