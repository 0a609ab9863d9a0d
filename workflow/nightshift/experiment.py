"""The typed experiment: the one thing that people, the search and any agent can say.

The source of truth of config/experiments/*.yaml, results/experiments/*/experiment.yaml and
workflow/schemas/experiment.schema.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import reduce
from graphlib import CycleError, TopologicalSorter
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from nightshift.config import explain
from nightshift.errors import InputError, Problem
from nightshift.files import digest_of, write_text
from nightshift.learners import LEARNERS
from nightshift.stack import StackSpec
from nightshift.views import VIEWS
from nightshift.yamlfile import read_yaml

if TYPE_CHECKING:
    from nightshift.config_agent import Agent

# Of the names of bases that a stack becomes (`nightshift.levels`).
STACK_PREFIX = "stack."
_SVD = 50
LONGEST_NAME = 120  # bytes
_MOST_BASES = 10_000  # those below each base counted every time

AnyView = Annotated[reduce(or_, VIEWS.values()), Field(discriminator="kind")]
AnyLearner = Annotated[reduce(or_, LEARNERS.values()), Field(discriminator="kind")]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TermsSpec(_Spec):
    """How counts of words become numbers, fitted in each fold."""

    weighting: Literal["tfidf", "binary", "counts"] = "tfidf"
    min_cases: Annotated[int, Field(ge=1, le=1000)] = Field(3, description="Terms in fewer cases are left out.")
    max_terms: Annotated[int, Field(ge=10, le=1_000_000)] | None = Field(
        None, description="Only the most widespread terms; None: all."
    )
    svd: Annotated[int, Field(ge=2, le=500)] | None = Field(
        None, description="Reduce to so many components (latent semantic analysis); None: keep the terms."
    )
    topics: Annotated[int, Field(ge=2, le=200)] | None = Field(
        None, description="Reduce to so many topics (non-negative matrix factorisation) instead."
    )
    select: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="Only the terms that tell the classes best apart in the training cases (chi-squared)."
    )

    @model_validator(mode="after")
    def _one_reduction(self) -> TermsSpec:
        if self.svd and self.topics:
            raise ValueError("svd and topics are two ways to reduce; name one")
        return self


class BaseSpec(_Spec):
    """One learner and what it trains on: views, and on the second level the out-of-fold predictions of other bases."""

    views: tuple[str, ...] = Field((), description="Names of views of this experiment.")
    bases: tuple[str, ...] = Field(
        (), description="Names of other bases of this experiment, whose out-of-fold predictions are columns."
    )
    learner: AnyLearner
    terms: TermsSpec = TermsSpec()
    segment: Annotated[str, Field(min_length=1, max_length=2000)] | None = Field(
        None,
        description="SQL condition on columns of the cases; the base is trained and heard on those cases alone, such as "
        "amount > 10000 AND region = 'EU'.",
    )
    seeds: Annotated[int, Field(ge=1, le=20)] = Field(1, description="The mean of so many models, one a seed.")

    @model_validator(mode="after")
    def _trains_on_something(self) -> BaseSpec:
        if not self.views and not self.bases:
            raise ValueError("name at least one view, or bases for a base of the second level")
        if self.learner.kind == "blend" and (self.views or len(self.bases) < 2):
            raise ValueError("learner blend weighs the predictions of two or more bases, and reads no view")
        return self


# Fields of an experiment that the night sets: what a model says there is not heard.
NIGHTS_OWN = frozenset({"id", "author", "steady"})


class Experiment(_Spec):
    """One rule config: views, bases and a stack, with a hypothesis and a parent."""

    id: str = Field("exp", description="exp-0007; given when it is proposed.")
    parent: str | None = Field(None, description="The experiment that it varies.")
    author: str = Field("human", description="baseline, search, model, human.")
    memo: str | None = Field(None, description="The memo that it follows, such as memo-001.")
    steady: bool = Field(
        False,
        description="The champion beside the night's best bases, the last experiment of a night: kept unless the champion leads by "
        "more than the luck of all that were tried.",
    )
    hypothesis: str = Field("", max_length=2000, description="One sentence: what this should show.")
    views: dict[str, AnyView] = Field(min_length=1, description="Name -> view.")
    bases: dict[str, BaseSpec] = Field(min_length=1, description="Name -> base.")
    stack: StackSpec = StackSpec()

    @model_validator(mode="after")
    def _names_are_known(self) -> Experiment:
        for name in (*self.views, *self.bases):
            if not name or not all(letter.isalnum() or letter in "-_." for letter in name) or name.startswith("."):
                raise ValueError(f"name {name[:100]!r}: use letters, digits, '-', '_' and '.', it becomes a file name")
            if name.startswith(STACK_PREFIX):
                raise ValueError(f"name {name[:100]!r}: those that begin with {STACK_PREFIX!r} are the stack's own")
            if len(name.encode()) > LONGEST_NAME:
                raise ValueError(f"name {name[:40]!r}...: at most {LONGEST_NAME} bytes, it becomes a file name")
        for name, base in self.bases.items():
            _check_known(f"base {name!r}", "view", base.views, self.views)
            _check_known(f"base {name!r}", "base", base.bases, self.bases)
        for spec in (self.stack, *self.stack.members):
            _check_known("the stack", "view", spec.passthrough, self.views)
        _check_known("the stack", "base", self.stack.over or (), self.bases)
        self._check_size()
        return self

    def _check_size(self) -> None:
        """A base is described with all bases below it, so each way down to one counts: twice a level makes 2 ** levels."""
        sizes: dict[str, int] = {}
        for name in self.in_order():
            sizes[name] = 1 + sum(sizes[below] for below in self.bases[name].bases)
        if sum(sizes.values()) > _MOST_BASES:
            raise ValueError(
                f"bases stand on each other in more than {_MOST_BASES:,} ways: use fewer levels, or fewer bases on each"
            )

    def in_order(self) -> list[str]:
        """Names of the bases, each after those it stands on.

        Raises
        ------
        ValueError
            When bases stand on each other in a circle.
        """
        try:
            return list(TopologicalSorter({name: base.bases for name, base in self.bases.items()}).static_order())
        except CycleError as error:
            raise ValueError(f"bases stand on each other in a circle: {' on '.join(error.args[1])}") from None

    def levels(self) -> list[list[str]]:
        """Names of the bases, those that stand on none first, then those that stand on these alone, and so on."""
        heights: dict[str, int] = {}
        for name in self.in_order():
            heights[name] = max((1 + heights[below] for below in self.bases[name].bases), default=0)
        return [[name for name, height in heights.items() if height == level] for level in sorted({*heights.values()})]

    def settled(self, agent: Agent) -> Experiment:
        """With what its views leave to the configuration filled in, so that it means the same under another."""
        return self.model_copy(update={"views": {name: view.settled(agent) for name, view in self.views.items()}})

    def digest(self) -> str:
        """Of what is computed: equal for experiments that differ in names, author or hypothesis only."""
        over = self.stack.over or tuple(self.bases)
        return digest_of(
            {
                "bases": sorted(digest_of(self.base_content(name)) for name in over),
                "stack": self.stack.model_dump(mode="json", exclude={"over", "passthrough", "members"})
                | {"members": [self._stack_content(member) for member in self.stack.members]},
                "passthrough": self._stack_content(self.stack)["passthrough"],
            }
        )

    def _stack_content(self, spec: StackSpec) -> dict[str, Any]:
        """What determines a stack, without names."""
        through = [self.views[view].model_dump(mode="json") for view in spec.passthrough]
        return spec.model_dump(mode="json") | {"passthrough": through}

    def base_content(self, name: str) -> dict[str, Any]:
        """What determines a base, without names."""
        base = self.bases[name]
        return {
            **base.model_dump(mode="json", exclude={"views", "bases", "terms"}),
            "views": [self.views[view].model_dump(mode="json") for view in base.views],
            "bases": [self.base_content(below) for below in base.bases],
            "terms": effective_terms(base, self.views).model_dump(mode="json"),
        }

    def to_yaml(self) -> str:
        content = self.model_dump(mode="json", exclude_defaults=False)
        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)

    def write(self, path: str | Path) -> None:
        write_text(path, self.to_yaml())


def _check_known(who: str, what: str, names: Iterable[str], known: Mapping[str, Any]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"{who} uses {what} {unknown[0]!r}; the {what}s here are {', '.join(known)}")


def effective_terms(base: BaseSpec, views: dict[str, Any]) -> TermsSpec:
    """The terms of a base as they are trained: learners that want dense columns get an SVD where text is among the views."""
    if base.learner.sparse or base.terms.svd is not None or base.terms.topics is not None:
        return base.terms
    return base.terms.model_copy(update={"svd": _SVD})


def parse_experiment(content: Any, file: str) -> Experiment:
    """Check an experiment.

    Raises
    ------
    InputError
        Every problem, each with its key.
    """
    if not isinstance(content, dict):
        raise InputError(
            [Problem("not an experiment", "write views:, bases: and stack:, as in config/README.md", file)]
        )
    try:
        json.dumps(content, ensure_ascii=False, default=str, skipkeys=True).encode()  # must be possible later
        return Experiment.model_validate(content)
    except ValidationError as error:
        raise InputError([explain(item, Experiment, file) for item in error.errors()]) from None
    except UnicodeEncodeError:
        remedy = "write it anew, without escapes such as \\ud800"
        raise InputError([Problem("a text holds half a character (a lone surrogate)", remedy, file)]) from None
    except (ValueError, RecursionError):
        what = "a number has thousands of digits, or values are nested too deeply"
        raise InputError([Problem(what, "write it shorter", file)]) from None


def read_experiment(path: str | Path) -> Experiment:
    """Read and check an experiment's YAML file; problems as in `parse_experiment`."""
    return parse_experiment(read_yaml(path), str(path))
