"""Learner `linear_svc`: linear support vector machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from nightshift.learners.base import Learner

if TYPE_CHECKING:
    from optuna.trial import BaseTrial
    from sklearn.svm import LinearSVC


class LinearSvc(Learner):
    """Linear support vector machine (squared hinge): looks at the cases near the boundary alone."""

    scaled: ClassVar[bool] = True
    random: ClassVar[bool] = False
    heft: ClassVar[float] = 0.3

    kind: Literal["linear_svc"] = "linear_svc"
    c: Annotated[float, Field(gt=0, le=1e4, description="Inverse strength of the penalty.")] = 0.1

    def build(self, seed: int) -> LinearSVC:
        from sklearn.svm import LinearSVC

        # The primal: its solver is deterministic, and converges where the dual needs luck.
        return LinearSVC(C=self.c, dual=False, tol=1e-4, max_iter=2000, random_state=seed)

    def in_words(self) -> str:
        return "a support vector machine"

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str) -> LinearSvc:
        return cls(c=float(f"{trial.suggest_float(f'{prefix}c', 1e-3, 3, log=True):.3g}"))
