"""Learner `blend`: the plain stacks, as a base of the second level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from nightshift.learners.base import Learner
from nightshift.stack import Blending

if TYPE_CHECKING:
    from nightshift.estimators import BlendClassifier


class Blend(Learner):
    """A weighted mean of other bases' predictions; what the stack does, one level below it."""

    random: ClassVar[bool] = False
    modules: ClassVar[tuple[str, ...]] = ("nightshift.estimators",)
    trusted: ClassVar[tuple[str, ...]] = ("nightshift.estimators.BlendClassifier",)

    kind: Literal["blend"] = "blend"
    method: Blending = "logistic"
    c: Annotated[float, Field(gt=0, le=1e6)] = 0.1
    rounds: Annotated[int, Field(ge=1, le=200)] = 15
    bags: Annotated[int, Field(ge=1, le=100)] = 8

    def build(self, seed: int) -> BlendClassifier:
        from nightshift.estimators import BlendClassifier

        return BlendClassifier(self.model_dump(exclude={"kind"}), seed)

    def in_words(self) -> str:
        return "a blend"
