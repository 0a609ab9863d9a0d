"""Bases on their way between experiments: named, with the views and bases that they need, without clashes of names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from nightshift.experiment import LONGEST_NAME, BaseSpec, Experiment
from nightshift.files import digest_of
from nightshift.stack import StackSpec
from nightshift.views import View


@dataclass(frozen=True)
class Candidate:
    """One base, with all that it needs.

    Attributes
    ----------
    name : of the base
    views : name -> view, of the base and of those below it
    bases : name -> base: the base itself, and those below it
    words : the base in a hypothesis
    """

    name: str
    views: dict[str, View]
    bases: dict[str, BaseSpec]
    words: str

    @property
    def base(self) -> BaseSpec:
        return self.bases[self.name]


@dataclass(frozen=True)
class _Parts:
    """Views and bases of several candidates, without clashes of names."""

    views: dict[str, View] = field(default_factory=dict)
    bases: dict[str, BaseSpec] = field(default_factory=dict)

    def take(self, one: Candidate) -> str:
        """Add all that a base needs; what the base is called now."""
        view_names = {name: _add(self.views, name, view) for name, view in one.views.items()}
        names: dict[str, str] = {}
        for name in _below_first(one.bases):
            base = one.bases[name]
            renamed = base.model_copy(
                update={
                    "views": tuple(view_names[view] for view in base.views),
                    "bases": tuple(names[below] for below in base.bases),
                }
            )
            names[name] = _add(self.bases, name, renamed)
        return names[one.name]


def candidate(views: dict[str, View], base: BaseSpec, words: str, below: Iterable[Candidate] = ()) -> Candidate:
    """Name a base by its views, its learner and four digits of the digest of all that determines it.

    Parameters
    ----------
    views : that it reads itself, under the names that it knows them by
    base : BaseSpec, whose `bases` are set anew where it stands on some
    words : what it is on, in a hypothesis
    below : the bases that it stands on, of any experiments; a name that means two things gets a digest behind it
    """
    parts = _Parts()
    on = tuple(dict.fromkeys(parts.take(one) for one in below))
    reads = {name: _add(parts.views, name, view) for name, view in views.items()}
    base = base.model_copy(update={"bases": on, "views": tuple(reads.get(view, view) for view in base.views)})
    content = {
        "views": {name: view.model_dump(mode="json") for name, view in parts.views.items()},
        "bases": {name: spec.model_dump(mode="json") for name, spec in parts.bases.items()},
        "base": base.model_dump(mode="json"),
    }
    stem = ".".join(["second"] * bool(base.bases) + list(views)) + ("-segment" if base.segment else "")
    name = _named(stem, f"-{base.learner.kind}-{digest_of(content)[:4]}")
    return Candidate(name, parts.views, {**parts.bases, name: base}, f"{base.learner.in_words()} on {words}")


def taken_from(experiment: Experiment, names: Iterable[str]) -> list[Candidate]:
    """Bases of an experiment as candidates."""
    return [_taken(experiment, name) for name in names]


def _taken(experiment: Experiment, name: str) -> Candidate:
    needed, waiting = {}, [name]
    while waiting:
        current = waiting.pop()
        needed[current] = experiment.bases[current]
        waiting += experiment.bases[current].bases
    views = {view: experiment.views[view] for base in needed.values() for view in base.views}
    return Candidate(name, views, needed, name)


def stacked_names(experiment: Experiment) -> list[str]:
    """The bases that its stack is over."""
    return list(experiment.stack.over or experiment.bases)


def compose(candidates: Iterable[Candidate], stack: StackSpec | None = None, **fields: Any) -> Experiment:
    """An experiment of several candidates.

    Parameters
    ----------
    candidates : of any experiments; a name that means two things gets a digest behind it
    stack : StackSpec, optional
        `over` is set anew; views it passes through have to be among the candidates'.
    fields : the rest of `Experiment`
    """
    parts = _Parts()
    over = list(dict.fromkeys(parts.take(one) for one in candidates))
    spec = stack or StackSpec()
    members = tuple(_without_lost(member, parts.views) for member in spec.members)
    over_all = len(over) == len(parts.bases)
    spec = _without_lost(spec, parts.views).model_copy(
        update={"over": None if over_all else tuple(over), "members": members}
    )
    return Experiment(views=parts.views, bases=parts.bases, stack=spec, **fields)


def _without_lost(stack: StackSpec, views: dict[str, Any]) -> StackSpec:
    """A stack that passes through only what there is."""
    return stack.model_copy(update={"passthrough": tuple(view for view in stack.passthrough if view in views)})


def _below_first(bases: dict[str, BaseSpec]) -> list[str]:
    ordered: list[str] = []

    def visit(name: str) -> None:
        for below in bases[name].bases:
            visit(below)
        if name not in ordered:
            ordered.append(name)

    for name in bases:
        visit(name)
    return ordered


def _add(known: dict[str, Any], name: str, spec: Any) -> str:
    """Add a view or base under its name, or under another one where that means something else already."""
    if name in known and known[name] != spec:
        name = _named(name, f"-{digest_of(spec.model_dump(mode='json'))[:4]}")
    known[name] = spec
    return name


def _named(stem: str, end: str) -> str:
    """A name of a stem and an end; the stem is cut, at a whole character, where the name would be longer than names may be."""
    room = LONGEST_NAME - len(end.encode())
    return stem.encode()[:room].decode(errors="ignore") + end
