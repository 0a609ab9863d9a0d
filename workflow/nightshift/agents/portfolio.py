"""The first experiments of a night: the baseline, then stacks of diverse bases that need no result to be proposed."""

from __future__ import annotations

from nightshift.agents.candidates import Candidate, candidate, compose
from nightshift.agents.space import Space
from nightshift.experiment import BaseSpec, Experiment, TermsSpec
from nightshift.learners import LEARNERS
from nightshift.learners.base import Learner
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


def portfolio(space: Space) -> list[Experiment]:
    """Experiments 1, 2, ... in order; each names its parent by number through the order."""
    with_turns = space.card.has_turns
    steps = _with_transcripts(space) if with_turns else _table_alone(space)
    experiments, candidates = [], []
    for hypothesis, added in steps:
        candidates = [*candidates, *added]
        experiments.append(compose(candidates, author="search", hypothesis=hypothesis))
    return experiments


def _table(space: Space) -> dict[str, View]:
    return space.named(VIEWS["table"]())


def _dynamics(space: Space) -> dict[str, View]:
    return space.named(VIEWS["dynamics"](speakers=space.speakers))


def _on(views: dict[str, View], learner: Learner, **terms) -> Candidate:
    return candidate(views, BaseSpec(views=tuple(views), learner=learner, terms=TermsSpec(**terms)), "")


def _with_transcripts(space: Space) -> list[tuple[str, list[Candidate]]]:
    xgboost, logistic, extra_trees = LEARNERS["xgboost"], LEARNERS["logistic"], LEARNERS["extra_trees"]
    stumpy = xgboost(max_depth=2, n_estimators=150, learning_rate=0.03, colsample=0.3)
    table = [_on(_table(space), logistic(c=0.01))] if space.card.columns else []
    table_trees = [_on(_table(space), stumpy)] if space.card.columns else []
    mixed = {**(_table(space) if space.card.columns else {}), **_dynamics(space)}
    speakers = [_on(space.words(who), logistic(c=1.0)) for who in space.speakers[:2]] if len(space.speakers) > 1 else []
    ends = [_on(space.words(who, "last"), logistic(c=1.0)) for who in space.speakers[:2]]
    return [
        (
            "Separate models of separate feature groups under a stack beat one model that drowns in all of them.",
            [*table, _on(space.words("each"), logistic(c=1.0)), _on(_dynamics(space), stumpy)],
        ),
        (
            "A second, different learner on each feature group cancels some of the first one's errors.",
            [*table_trees, _on(space.words(), logistic(c=1.0)), _on(_dynamics(space), extra_trees())],
        ),
        ("Who says it matters: a model for the words of each speaker alone.", speakers or ends),
        ("When it is said matters: models for the end of the call alone.", ends if speakers else []),
        (
            "Trees over components of the words, with table and dynamics beside, find interactions that linear models miss.",
            [
                _on(space.words(), extra_trees(), svd=50),
                _on({**space.words("each"), **mixed}, extra_trees(), svd=30),
            ],
        ),
    ]


def _table_alone(space: Space) -> list[tuple[str, list[Candidate]]]:
    xgboost, logistic, extra_trees = LEARNERS["xgboost"], LEARNERS["logistic"], LEARNERS["extra_trees"]
    table = _table(space)
    return [
        (
            "Three learners that err in different ways, stacked, beat one XGBoost.",
            [
                _on(table, logistic(c=0.1)),
                _on(table, xgboost(max_depth=2, n_estimators=300, learning_rate=0.05, colsample=0.3)),
                _on(table, extra_trees()),
            ],
        ),
        (
            "Slow, shallow boosting adds what the others miss.",
            [_on(table, xgboost(max_depth=1, n_estimators=600, learning_rate=0.05, colsample=0.5))],
        ),
        (
            "A weaker penalty and deeper random trees add variety.",
            [_on(table, logistic(c=3.0)), _on(table, extra_trees(min_samples_leaf=3, max_features=0.6))],
        ),
    ]
