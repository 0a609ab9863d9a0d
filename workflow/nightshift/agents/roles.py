"""Roles: bases by what they are for, on any data. The warm portfolio is a list of roles, and so is the pool from which
benchmarks/portfolio.py chose it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nightshift.agents.candidates import Candidate, candidate
from nightshift.agents.space import Space
from nightshift.experiment import BaseSpec, TermsSpec
from nightshift.learners import LEARNERS
from nightshift.learners.base import Learner
from nightshift.views import VIEWS, View

LEARNER_ROLES: dict[str, tuple[str, dict[str, Any]]] = {
    "logistic": ("logistic", {"c": 1.0}),
    "logistic-weak": ("logistic", {"c": 0.1}),
    "logistic-strong": ("logistic", {"c": 0.01}),
    "nb": ("nb_logistic", {"c": 0.1}),
    "ridge": ("ridge", {"alpha": 10.0}),
    "svc": ("linear_svc", {"c": 0.03}),
    "trees": ("extra_trees", {"min_samples_leaf": 8}),
    "forest": ("random_forest", {}),
    "boosting": ("xgboost", {"max_depth": 2, "n_estimators": 150, "learning_rate": 0.03, "colsample": 0.3}),
    "stumps": ("xgboost", {"max_depth": 1, "n_estimators": 600, "learning_rate": 0.05}),
    "histogram": ("hist_gradient_boosting", {}),
    "mlp": ("mlp", {}),
}


@dataclass(frozen=True)
class Role:
    """Views by name, a learner by name, how terms are weighed, and who plays the part where this one cannot."""

    views: str
    learner: str
    terms: dict[str, Any] = field(default_factory=dict)
    otherwise: Role | None = None

    def __str__(self) -> str:
        return f"{self.views}/{self.learner}" + "".join(f", {name} {value}" for name, value in self.terms.items())


def view_roles(space: Space) -> dict[str, list[View]]:
    """Views that the data has something for, by role; `dense` are all that are columns, side by side."""
    card, speakers = space.card, space.speakers
    columns = {kind: VIEWS[kind] for kind in ("table", "dynamics", "recency") if VIEWS[kind].offered(card)}
    made = {kind: view(speakers=speakers) if kind == "dynamics" else view() for kind, view in columns.items()}
    found: dict[str, list[View]] = {kind: [view] for kind, view in made.items()}
    dense = [*made.values()]
    texts = _texts(space)
    found |= {name: [view] for name, view in texts.items()}
    if len(dense) > 1:
        found["dense"] = dense
    return found | {f"{name}+dense": [view, *dense] for name, view in texts.items() if dense}


def _texts(space: Space) -> dict[str, View]:
    words, chars, found = VIEWS["words"], VIEWS["chars"], {}
    if space.card.has_turns:
        found = {
            "words": words(),
            "chars": chars(),
            "words-end": words(part="last"),
            "words-start": words(part="first"),
        }
    if len(space.speakers) > 1:
        found |= {"words-each": words(speakers=space.speakers), "chars-each": chars(speakers=space.speakers)}
        found["words-each-end"] = words(speakers=space.speakers, part="last")
        for number, who in enumerate(space.speakers, 1):
            found[f"words-{number}"] = words(speakers=(who,))
            found[f"words-{number}-end"] = words(speakers=(who,), part="last")
    if space.card.columns_of("text"):
        found["notes"] = VIEWS["notes"]()
    return found


def as_candidate(space: Space, role: Role, views: dict[str, list[View]]) -> Candidate | None:
    """The base that plays a role on this data, or the one behind it; None where the data lacks the views of all of them
    or the search may draw none.

    `views` are `view_roles(space)`.
    """
    if role.views in views:
        named = space.named(*views[role.views])
        learner = make_learner(role.learner)
        made = candidate(named, BaseSpec(views=tuple(named), learner=learner, terms=TermsSpec(**role.terms)), str(role))
        if space.allows(made):
            return made
    return as_candidate(space, role.otherwise, views) if role.otherwise else None


def make_learner(role: str) -> Learner:
    kind, parameters = LEARNER_ROLES[role]
    return LEARNERS[kind](**parameters)


def pool(space: Space) -> list[Role]:
    """All roles that are worth comparing on this data."""
    linear: dict[str, tuple[dict[str, Any], ...]] = {
        "logistic": ({}, {"weighting": "binary"}),
        "logistic-weak": ({},),
        "nb": ({"weighting": "binary"},),
        "ridge": ({}, {"select": 1000}),
        "svc": ({},),
    }
    on_columns = (
        "logistic-weak",
        "logistic-strong",
        "ridge",
        "trees",
        "forest",
        "boosting",
        "stumps",
        "histogram",
        "mlp",
    )
    roles = []
    for name in view_roles(space):
        if name.endswith("+dense"):
            roles.append(Role(name, "trees", {"svd": 30}))
        elif name in _texts(space):
            roles += [Role(name, learner, terms) for learner, options in linear.items() for terms in options]
            roles.append(Role(name, "trees", {"svd": 50}))
        else:
            roles += [Role(name, learner) for learner in on_columns]
    return roles
