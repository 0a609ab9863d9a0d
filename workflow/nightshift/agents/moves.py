"""Moves: how the search makes a new experiment of an old one. Each says in its hypothesis what it expects."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from nightshift.agents.candidates import Candidate, candidate, compose, stacked_names, taken_from
from nightshift.agents.history import History, Past
from nightshift.agents.space import Space
from nightshift.experiment import BaseSpec, Experiment
from nightshift.learners import LEARNERS
from nightshift.stack import StackSpec
from nightshift.views.turns import TextView

_LIBRARY = 50
_LIGHT = 0.4  # of the mean weight: a base below may be pruned
_SEEDS = 5
# Rough seconds of bases below that may be trained a second time, by one job: two minutes are dozens of usual experiments of
# a thousand cases, and at ten thousand such a job would take as long as all that the night has trained before.
_AGAIN = 120.0
_OF_LEFT = 0.2  # such a job may take about twice as long, and is not to miss the deadline


@dataclass(frozen=True)
class Proposal:
    """An experiment without id, and what was drawn for it."""

    experiment: Experiment
    draw: dict[str, Any]


@dataclass(frozen=True)
class Situation:
    """What a move works with: the experiment to vary, the history, the space, chance, and a drawer of new bases."""

    parent: Past
    history: History
    space: Space
    rng: np.random.Generator
    draw_base: Callable[[], tuple[Candidate, dict[str, Any]]]

    @property
    def name(self) -> str:
        return self.parent.experiment.id

    @property
    def stack(self) -> StackSpec:
        return self.parent.experiment.stack

    def bases(self, without: tuple[str, ...] = ()) -> list[Candidate]:
        names = stacked_names(self.parent.experiment)
        return taken_from(self.parent.experiment, [name for name in names if name not in without])

    def beside(self, below: list[Candidate], *kinds: str) -> list[str]:
        """The parent's views of some kinds that a model over the bases `below` may read too: none where those stand on
        others themselves, or take long, or there are two folds, since they are trained once more for it without pairs of
        folds (`nightshift.nested`)."""
        if self.space.card.folds < 3:
            return []
        bearable = min(_AGAIN, _OF_LEFT * self.space.left)
        if any(one.base.bases for one in below) or sum(map(self.space.seconds, below)) > bearable:
            return []
        return [name for name, view in self.parent.experiment.views.items() if view.kind in kinds]

    def weight(self, name: str) -> float:
        """How heavy a base is in the parent's stack; its cv_auc where the stack has no weights of bases."""
        metrics = self.parent.metrics
        return metrics["weights"].get(name, metrics["base_auc"].get(name, 0.0))

    def lightest(self) -> str:
        return min(stacked_names(self.parent.experiment), key=lambda name: (self.weight(name), name))

    def compose(self, bases: list[Candidate], hypothesis: str, stack: StackSpec | None = None) -> Experiment:
        return compose(bases, stack or self.stack, author="search", parent=self.name, hypothesis=hypothesis)


Move = Callable[[Situation], Proposal | None]


def add(now: Situation) -> Proposal | None:
    new, params = now.draw_base()
    if new.name in now.parent.experiment.bases:
        return None
    hypothesis = f"{_capital(new.words)} adds what {now.name} misses."
    return Proposal(now.compose([*now.bases(), new], hypothesis), {"params": params})


def replace(now: Situation) -> Proposal | None:
    new, params = now.draw_base()
    names = stacked_names(now.parent.experiment)
    if new.name in now.parent.experiment.bases or len(names) < 2:
        return None
    out = now.lightest()
    hypothesis = f"{_capital(new.words)} earns its place better than {out}, the lightest base of {now.name}."
    return Proposal(now.compose([*now.bases(without=(out,)), new], hypothesis), {"params": params})


def prune(now: Situation) -> Proposal | None:
    names = stacked_names(now.parent.experiment)
    mean = sum(now.weight(name) for name in names) / len(names)
    light = [name for name in names if now.weight(name) < _LIGHT * mean]
    if not light and len(names) > 2:
        light = [now.lightest()]
    if not light or len(light) == len(names):
        return None
    what = light[0] if len(light) == 1 else f"the {len(light)} lightest bases"
    return Proposal(now.compose(now.bases(without=tuple(light)), f"{now.name} is as good without {what}."), {})


def restack(now: Situation) -> Proposal | None:
    bases = now.bases()
    if len(bases) < 2:
        return None
    stack, words = draw_stack(now.rng, now.beside(bases, "table"), now.space.agent.stacks)
    return Proposal(now.compose(bases, f"The bases of {now.name} are better put together by {words}.", stack), {})


def library(now: Situation) -> Proposal | None:
    """A stack over the best bases of the whole night, kept or not."""
    found = now.history.library()[: int(now.rng.integers(6, _LIBRARY + 1))]
    if len(found) < 2:
        return None
    stack, words = draw_stack(now.rng, [], now.space.agent.stacks)
    bases = [one for _, name, experiment in found for one in taken_from(experiment, [name])]
    bases = [one for one in bases if not now.space.bars(one)]
    if len(bases) < 2:
        return None
    hypothesis = f"The {len(bases)} best bases of the night, kept or not, make a better team under {words}."
    return Proposal(now.compose(bases, hypothesis, stack), {})


def split(now: Situation) -> Proposal | None:
    """One base on the text of everybody, or of whole calls, becomes one a speaker or one a part of the call."""
    experiment = now.parent.experiment
    options = []
    for name in stacked_names(experiment):
        base = experiment.bases[name]
        text = [view for view in base.views if isinstance(experiment.views[view], TextView)]
        if len(text) == 1 and not base.bases:
            options += [(name, text[0], how) for how in _ways_to_split(experiment.views[text[0]], now.space)]
    if not options:
        return None
    name, view, how = options[int(now.rng.integers(len(options)))]
    pieces = [_piece(experiment, name, view, change, now.space) for change in _SPLITS[how](now.space)]
    hypothesis = f"Split by {how}, {name} of {now.name} finds what it drowned in the whole."
    return Proposal(now.compose([*now.bases(without=(name,)), *pieces], hypothesis), {})


def _ways_to_split(view: TextView, space: Space) -> list[str]:
    ways = ["part of the call"] if view.part == "all" else []
    one_field = view.speakers is None or len(view.speakers) > 1
    return [*ways, "speaker"] if one_field and len(space.speakers) > 1 else ways


_SPLITS: dict[str, Callable[[Space], list[dict[str, Any]]]] = {
    "speaker": lambda space: [{"speakers": (who,)} for who in space.speakers],
    "part of the call": lambda space: [{"part": "first"}, {"part": "last"}],
}


def _piece(experiment: Experiment, name: str, view: str, change: dict[str, Any], space: Space) -> Candidate:
    base = experiment.bases[name]
    views: dict[str, Any] = {}
    for other in base.views:
        spec = experiment.views[other]
        views |= space.named(spec.model_copy(update=change)) if other == view else {other: spec}
    return candidate(views, base.model_copy(update={"views": tuple(views)}), " and ".join(views))


def second_level(now: Situation) -> Proposal | None:
    """A learner over the predictions of the parent's bases, with a view beside them."""
    experiment = now.parent.experiment
    below = [one for one in now.bases() if not one.base.bases]
    if len(below) < 3:
        return None
    beside = [None, *now.beside(below, "table", "dynamics")]
    view = beside[int(now.rng.integers(len(beside)))]
    kinds = [kind for kind in _SECOND if kind in now.space.learners()]
    if not kinds:
        return None
    kind = str(now.rng.choice(kinds))
    learner = _SECOND[kind]()
    base = BaseSpec(views=(view,) if view else (), bases=tuple(one.name for one in below), learner=learner)
    words = f"the predictions of the {len(below)} bases" + (f" and the {view}" if view else "")
    views = {view: experiment.views[view]} if view else {}
    new = candidate(views, base, words, below)
    hypothesis = f"{_capital(new.words)} of {now.name} sees where one base is to be trusted and another is not."
    return Proposal(now.compose([*now.bases(), new], hypothesis), {})


_SECOND: dict[str, Callable[[], Any]] = {
    "xgboost": lambda: LEARNERS["xgboost"](max_depth=2, n_estimators=100, min_child_weight=5.0, colsample=0.8),
    "logistic": lambda: LEARNERS["logistic"](c=0.05),
    "extra_trees": lambda: LEARNERS["extra_trees"](min_samples_leaf=15, max_features=0.5),
    "hist_gradient_boosting": lambda: LEARNERS["hist_gradient_boosting"](max_iter=60, max_leaf_nodes=4),
}


def segment(now: Situation) -> Proposal | None:
    """A base of its own for a part of the cases."""
    conditions = now.space.card.segments
    if not conditions:
        return None
    where = conditions[int(now.rng.integers(len(conditions)))]
    drawn, params = now.draw_base()
    base = drawn.base.model_copy(update={"segment": where})
    new = candidate(drawn.views, base, f"{drawn.words.split(' on ', 1)[-1]} where {where}")
    hypothesis = f"Cases with {where} follow rules of their own: {new.words}, beside {now.name}."
    return Proposal(now.compose([*now.bases(), new], hypothesis), {"segment": where, "of": params})


def reseed(now: Situation) -> Proposal | None:
    """The heaviest base that chance plays a part in becomes the mean of several seeds."""
    experiment = now.parent.experiment
    names = [
        name
        for name in stacked_names(experiment)
        if experiment.bases[name].seeds == 1 and experiment.bases[name].learner.random
    ]
    if not names:
        return None
    name = max(names, key=lambda one: (now.weight(one), one))
    old = taken_from(experiment, [name])[0]
    base = old.base.model_copy(update={"seeds": _SEEDS})
    below = taken_from(experiment, base.bases)
    own = {view: old.views[view] for view in base.views}
    new = candidate(own, base, f"{' and '.join(base.views)}, {_SEEDS} seeds", below)
    hypothesis = f"The mean of {_SEEDS} seeds of {name} is steadier than the one of {now.name}."
    return Proposal(now.compose([*now.bases(without=(name,)), new], hypothesis), {})


def draw_stack(
    rng: np.random.Generator, beside: Collection[str], allowed: Collection[str] | None = None
) -> tuple[StackSpec, str]:
    """A stack of an allowed method (None: any), and itself in words; `beside` are tables that boosting may see."""
    methods = ["rank_mean", "logistic", "logistic", "nonnegative", "greedy", "xgboost", "stacks"]
    method = str(rng.choice([one for one in methods if allowed is None or one in allowed]))
    c = float(rng.choice([0.003, 0.01, 0.03, 0.1, 0.3]))
    if method == "xgboost":
        through = tuple(beside) if rng.random() < 0.5 else ()
        return StackSpec(method="xgboost", passthrough=through), "shallow boosting" + (
            " that sees the table too" if through else ""
        )
    if method == "stacks":
        members = (StackSpec(method="logistic", c=c), StackSpec(method="greedy"), StackSpec(method="rank_mean"))
        return StackSpec(method="stacks", members=members), "a stack of three stacks"
    if method in ("logistic", "nonnegative"):
        sort = "logistic weights" if method == "logistic" else "logistic weights of at least 0"
        return StackSpec(method=method, c=c), f"{sort} pulled to the mean (c = {c:g})"
    return StackSpec(method=method), {
        "rank_mean": "the plain mean of their ranks",
        "greedy": "greedy selection",
    }[method]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# Each move with its prior chance: how often it is tried before the night has shown what pays.
MOVES: dict[str, tuple[Move, float]] = {
    "add": (add, 0.34),
    "replace": (replace, 0.12),
    "prune": (prune, 0.08),
    "restack": (restack, 0.12),
    "library": (library, 0.12),
    "split": (split, 0.07),
    "second_level": (second_level, 0.06),
    "segment": (segment, 0.03),
    "reseed": (reseed, 0.06),
}
STEADY = "steady"  # how a night ends (nightshift.agents.steady): a move that is not drawn


def chances(history: History, allowed: Collection[str] | None = None) -> dict[str, float]:
    """Probability of each allowed move (None: all): its prior times its credit.

    Credit is the share of a move's experiments that were kept, smoothed by two imagined tries of which half a one was.
    """
    tries, keeps = dict.fromkeys(MOVES, 2.0), dict.fromkeys(MOVES, 0.5)
    for past in history.past:
        move = past.draw.get("move")
        if move in tries and past.metrics is not None:
            tries[move] += 1
            keeps[move] += past.metrics["status"] == "keep"
    weights = {
        move: prior * keeps[move] / tries[move]
        for move, (_, prior) in MOVES.items()
        if allowed is None or move in allowed
    }
    total = sum(weights.values())
    return {move: weight / total for move, weight in weights.items()}
