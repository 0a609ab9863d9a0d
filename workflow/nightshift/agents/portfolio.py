"""The first experiments of a night: the baseline, then stacks of diverse bases that need no result to be proposed."""

from __future__ import annotations

from nightshift.agents.candidates import Candidate, compose
from nightshift.agents.roles import Role, as_candidate, view_roles
from nightshift.agents.space import Space
from nightshift.experiment import BaseSpec, Experiment, TermsSpec
from nightshift.learners import LEARNERS
from nightshift.stack import StackSpec
from nightshift.views import VIEWS, View


def baseline(space: Space) -> Experiment:
    """exp-0000: one XGBoost on everything, what most people would have."""
    views: dict[str, View] = {}
    if space.card.columns:
        views |= _table(space)
    if space.card.has_turns:
        views |= space.words() | _dynamics(space)
    learner = LEARNERS["xgboost"](n_estimators=200, max_depth=4, learning_rate=0.05, subsample=0.8, colsample=0.5)
    base = BaseSpec(views=tuple(views), learner=learner, terms=TermsSpec(max_terms=1000))
    return Experiment(
        author="baseline",
        hypothesis="One XGBoost on everything: the score to beat.",
        views=views,
        bases={"everything-xgboost": base},
        stack=StackSpec(method="rank_mean"),
    )


# Each step adds to the steps before. The roles and their order: benchmarks/PORTFOLIO.md, which benchmarks/portfolio.py
# writes; behind them stands who plays the part when one speaker is known, or none, or a learner is not to be drawn.
_WITH_TRANSCRIPTS: list[tuple[str, list[Role]]] = [
    (
        "Separate models of separate feature groups under a stack beat one model that drowns in all of them.",
        [
            Role("words-1+dense", "trees", {"svd": 30}, Role("words+dense", "trees", {"svd": 30})),
            Role("words-each", "logistic", {}, Role("words", "logistic")),
            Role("table", "histogram", {}, Role("table", "boosting")),
            Role("dynamics", "histogram", {}, Role("dynamics", "boosting")),
            Role("notes", "logistic"),
        ],
    ),
    (
        "A second, different learner on each feature group cancels some of the first one's errors.",
        [
            Role("table", "logistic-strong"),
            Role("words-2", "trees", {"svd": 50}, Role("words", "trees", {"svd": 50})),
            Role("words-1", "trees", {"svd": 50}, Role("words", "nb", {"weighting": "binary"})),
        ],
    ),
    (
        "How a call opens, and the columns all together, hold what whole calls and single views hide.",
        [
            Role("words-start", "nb", {"weighting": "binary"}, Role("words-start", "logistic")),
            Role("dynamics", "mlp", {}, Role("dynamics", "logistic-strong")),
            Role("dense", "trees"),
            Role("dynamics", "forest", {}, Role("dynamics", "trees")),
        ],
    ),
    (
        "When it is said matters: models for the end of the call alone.",
        [
            Role("words-2-end", "logistic", {"weighting": "binary"}, Role("words-end", "logistic")),
            Role("words-2-end", "nb", {"weighting": "binary"}, Role("words-end", "nb", {"weighting": "binary"})),
            Role("words-2-end", "trees", {"svd": 50}, Role("words-end", "trees", {"svd": 50})),
        ],
    ),
    (
        "Words of one speaker alone, and of the call as a whole, in models that weigh each word.",
        [Role("words-2", "logistic"), Role("words", "logistic")],
    ),
]
_TABLE_ALONE: list[tuple[str, list[Role]]] = [
    (
        "Learners that err in different ways, stacked, beat one XGBoost.",
        [
            Role("table", "trees"),
            Role("table", "histogram", {}, Role("table", "boosting")),
            Role("table", "logistic-strong"),
            Role("notes", "logistic"),
        ],
    ),
    ("Slow, shallow boosting adds what the others miss.", [Role("table", "stumps"), Role("table", "logistic-weak")]),
    (
        "Boosting on few columns a tree and a small network add variety.",
        [Role("table", "boosting"), Role("table", "mlp")],
    ),
]


def portfolio(space: Space) -> list[Experiment]:
    """Experiments 1, 2, ... in order; a role that the data cannot play is left out, and a step without any."""
    views = view_roles(space)
    experiments: list[Experiment] = []
    candidates: list[Candidate] = []
    for hypothesis, roles in _WITH_TRANSCRIPTS if space.card.has_turns else _TABLE_ALONE:
        added = _cast(space, roles, views, {one.name for one in candidates})
        if added:
            candidates = [*candidates, *added]
            experiments.append(compose(candidates, author="search", hypothesis=hypothesis))
    return experiments


def _cast(space: Space, roles: list[Role], views: dict[str, list[View]], known: set[str]) -> list[Candidate]:
    """Bases that play the roles, but for those that are there already."""
    made = {one.name: one for role in roles if (one := as_candidate(space, role, views)) is not None}
    return [one for name, one in made.items() if name not in known]


def _table(space: Space) -> dict[str, View]:
    return space.named(VIEWS["table"]())


def _dynamics(space: Space) -> dict[str, View]:
    return space.named(VIEWS["dynamics"](speakers=space.speakers))
