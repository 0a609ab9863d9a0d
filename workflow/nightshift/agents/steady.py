"""The last experiment of a night: the champion beside the best bases of the whole night.

A champion is the luckiest of many experiments on the same cases, and the more were tried the more of its lead is luck. A stack of the
best bases, close to their plain mean, owes little to it: each base is scored alone. The mean of both held more than the champion on nine of
ten nights, and as much on the other (benchmarks/RESULTS.md, Known ideas).
"""

from __future__ import annotations

from nightshift.agents.candidates import Candidate, candidate, compose, taken_from
from nightshift.agents.history import History
from nightshift.agents.moves import STEADY, Proposal
from nightshift.agents.search import allowed, standing
from nightshift.agents.space import Space
from nightshift.experiment import STACK_PREFIX, BaseSpec, Experiment
from nightshift.learners import LEARNERS
from nightshift.levels import lowered
from nightshift.stack import StackSpec

_FEW = 20  # experiments: the best of fewer owes less to luck than what is tried last would cost them
_TEAM = 50
_PULL = 0.003  # of the team's weights to their mean: benchmarks/STACKS.md
_EVEN = StackSpec(method="logistic", c=1e-6)


def steady(history: History, space: Space) -> Proposal | None:
    """None where few were tried, where the night has no more than the champion's bases, right after itself, and where people left
    it out of agent.moves or vetoed it. What they vetoed of the champion is not stood on."""
    moves = space.agent.moves
    if moves is not None and STEADY not in moves:
        return None
    champion = allowed(standing(history, space)[0], space)
    if champion is None or len(history.past) < _FEW or history.past[-1].draw.get("move") == STEADY:
        return None
    team = _team(history, space)
    if len(team) <= len(champion.experiment.bases):
        return None
    hypothesis = (
        f"{champion.experiment.id} leads in part by luck, as the best of {len(history.past)}; beside the {len(team)} best bases of the "
        "night it is steadier."
    )
    both = [
        _champion(champion.experiment),
        _blend(team, StackSpec(method="logistic", c=_PULL), "the night's best bases"),
    ]
    experiment = compose(
        both, _EVEN, author="search", parent=champion.experiment.id, hypothesis=hypothesis, steady=True
    )
    return Proposal(experiment, {"move": STEADY})


def _team(history: History, space: Space) -> list[Candidate]:
    found = [(name, experiment) for _, name, experiment in history.library() if not experiment.bases[name].bases]
    bases = [one for name, experiment in found for one in taken_from(experiment, [name])]
    return [one for one in bases if not space.bars(one)][:_TEAM]


def _champion(experiment: Experiment) -> Candidate:
    """The champion's stack as a base."""
    low = lowered(experiment)
    below = [_named(low, name) for name in low.stack.over]
    return below[0] if len(below) == 1 else _blend(below, low.stack, "the champion's bases")


def _named(low: Experiment, name: str) -> Candidate:
    """A base of a lowered experiment; one that is a part of its stack under a name of its own."""
    base = low.bases[name]
    if not name.startswith(STACK_PREFIX):
        return taken_from(low, [name])[0]
    own = {view: low.views[view] for view in base.views}
    return candidate(own, base, "the champion's bases", taken_from(low, base.bases))


def _blend(below: list[Candidate], stack: StackSpec, words: str) -> Candidate:
    learner = LEARNERS["blend"](**stack.model_dump(include={"method", "c", "rounds", "bags"}))
    return candidate({}, BaseSpec(bases=tuple(one.name for one in below), learner=learner), words, below)
