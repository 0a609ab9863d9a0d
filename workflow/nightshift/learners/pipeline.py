"""Learner `pipeline`: steps of scikit-learn, composed of an allow-list."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, WithJsonSchema, model_validator

from nightshift.learners.base import Learner
from nightshift.pipelines.catalogue import misfit
from nightshift.pipelines.check import checked_steps
from nightshift.pipelines.schema import steps_schema
from nightshift.pipelines.templates import TEMPLATES

if TYPE_CHECKING:
    import sklearn.pipeline
    from optuna.trial import BaseTrial

_DEFAULT = ({"sklearn.preprocessing.MaxAbsScaler": {}}, {"sklearn.svm.LinearSVC": {"C": 0.1}})


class Pipeline(Learner):
    """Steps of scikit-learn in a row, for what nobody registered: transformers, then one classifier.

    Each step is one class path with its parameters, {} for the defaults. Seed and threads are set by the night. A
    pipeline whose steps work on sparse columns gets the terms as they are; before any other they are reduced by SVD.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    modules: ClassVar[tuple[str, ...]] = tuple(f"nightshift.pipelines.{name}" for name in ("catalogue", "make", "own"))
    trusted: ClassVar[tuple[str, ...]] = (
        "nightshift.pipelines.own.ProductGuard",
        "nightshift.pipelines.own.StorableSplines",
        "nightshift.pipelines.own.mutual_information",
        "scipy.sparse._csr.csr_array",
        "scipy.sparse._csr.csr_matrix",
        "sklearn.feature_selection._univariate_selection.chi2",
        "sklearn.feature_selection._univariate_selection.f_classif",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.tree._tree.Tree",
    )

    kind: Literal["pipeline"] = "pipeline"
    steps: Annotated[tuple[dict[str, dict[str, Any]], ...], WithJsonSchema(steps_schema())] = Field(
        _DEFAULT, description="1 to 8 steps, each a class path with its parameters; the last one is the classifier."
    )
    # A field cannot have the name of a class variable of Learner.
    numbers_scaled: bool = Field(
        True,
        alias="scaled",
        description="Numbers are imputed and standardised before the first step; false: raw, with their gaps.",
    )

    @model_validator(mode="before")
    @classmethod
    def _steps_are_allowed(cls, content: Any) -> Any:
        if isinstance(content, dict) and "steps" in content:
            return {**content, "steps": checked_steps(content["steps"])}
        return content

    @property
    def scaled(self) -> bool:
        return self.numbers_scaled

    @property
    def sparse(self) -> bool:
        return misfit(list(self.steps), "wide") is None

    @property
    def dense_up_to(self) -> int:
        # Few terms stay sparse even where an SVD was asked for, and steps that want dense columns get them dense.
        return 0 if self.sparse else sys.maxsize

    def build(self, seed: int) -> sklearn.pipeline.Pipeline:
        from nightshift.pipelines.make import make_pipeline

        # Once more, since pydantic can make and copy models without validation.
        return make_pipeline(checked_steps(self.steps), seed)

    def in_words(self) -> str:
        return "a pipeline that ends in " + next(iter(self.steps[-1])).rsplit(".", 1)[-1]

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str) -> Pipeline:
        template = trial.suggest_categorical(f"{prefix}template", sorted(TEMPLATES))
        return cls(steps=TEMPLATES[template](trial, f"{prefix}{template}."))
