"""Backend `search`: portfolio first, then moves from the champion, with Optuna for every new base.

Deterministic: a proposal depends on the seed, its number and the history it sees; before a deadline also on the time left,
since what would miss it is not drawn (`Situation.beside`).
"""

from __future__ import annotations

import dataclasses
import warnings
from collections import Counter
from typing import Any

import numpy as np

from nightshift.agents.candidates import Candidate, compose, stacked_names, taken_from
from nightshift.agents.history import History, Past
from nightshift.agents.moves import MOVES, Proposal, Situation, chances
from nightshift.agents.portfolio import baseline, portfolio
from nightshift.agents.space import Space
from nightshift.experiment import Experiment
from nightshift.names import name_of

_TRIES = 60
_FROM_CHAMPION = 0.8
_GOOD = 5
_LONG = 120.0  # seconds of a base above which the search looks twice


class NothingNewError(Exception):
    """All that the search drew was proposed before, or no move of those it may make applies."""


class NothingToDrawError(NothingNewError):
    """No base can be drawn: people left no kind of view that the data has, or no kind of learner."""


def propose(history: History, space: Space, seed: int) -> Proposal:
    """The next experiment.

    Parameters
    ----------
    history : History
        The number of experiments in it is the number of this one.
    space : Space
    seed : int

    Raises
    ------
    NothingNewError
        The space of even a small table has millions of experiments, but people may narrow it to a few.
    """
    number = len(history.past)
    first = [(baseline(space), None), *((one, name_of(i)) for i, one in enumerate(_portfolio(space)))]
    known = history.digests()
    # A person's queued experiment shifts the portfolio, it does not replace a part of it.
    for experiment, parent in first:
        if experiment.digest() not in known:
            champion = history.champion()
            parent = champion.experiment.id if champion and parent else _latest_portfolio(history) if parent else None
            return Proposal(experiment.model_copy(update={"parent": parent}), {"move": "portfolio"})
    if not chances(history, space.agent.moves):
        raise NothingNewError("no move is allowed but that which ends a night")
    rng = np.random.default_rng([seed, number])
    fruitless: Counter[str] = Counter()
    for attempt in range(_TRIES):
        move, proposal = _move(history, space, rng, seed * 1_000_003 + number * 101 + attempt, fruitless)
        if proposal is not None and proposal.experiment.digest() not in known:
            return proposal
        fruitless[move] += 1
    hindrance = space.hindrance()
    raise NothingNewError(f"the search found nothing new in {_TRIES} draws{f', and {hindrance}' if hindrance else ''}")


def _portfolio(space: Space) -> list[Experiment]:
    unique: dict[str, Experiment] = {}
    for experiment in portfolio(space):
        unique.setdefault(experiment.digest(), experiment)
    return list(unique.values())


def _latest_portfolio(history: History) -> str | None:
    ours = [past.experiment.id for past in history.past if past.experiment.author in ("baseline", "search")]
    return ours[-1] if ours else None


def _move(
    history: History, space: Space, rng: np.random.Generator, sampler_seed: int, fruitless: Counter[str]
) -> tuple[str, Proposal | None]:
    """A move and what it made, if anything. One that was `fruitless` has half the chance for each time: a move of few
    outcomes that was kept often would otherwise be drawn until all tries are spent."""

    def draw_base() -> tuple[Candidate, dict[str, Any]]:
        return _draw(history, space, rng, sampler_seed)

    parent = allowed(_parent(history, space, rng), space)
    if parent is None:
        new, params = draw_base()
        start = "A start of its own" if history.champion() else "Nothing has run through yet"
        hypothesis = f"{start}: {new.words} alone."
        alone = compose([new], author="search", hypothesis=hypothesis)
        return "alone", Proposal(alone, {"move": "alone", "params": params})
    prior = chances(history, space.agent.moves)
    odds = np.array([chance * 0.5 ** fruitless[name] for name, chance in prior.items()])
    move = str(rng.choice(list(prior), p=odds / odds.sum()))
    make, _ = MOVES[move]
    try:
        proposal = make(Situation(parent, history, space, rng, draw_base))
    except NothingToDrawError:
        # Moves that need no new base may still find something.
        return move, None
    return move, proposal and Proposal(proposal.experiment, {"move": move, **proposal.draw})


def _parent(history: History, space: Space, rng: np.random.Generator) -> Past | None:
    """The champion, or now and then another of the best: what a good experiment lacks may not be what the champion lacks.

    A person's pin takes the champion's place.
    """
    champion, scored = standing(history, space)
    first = next((past for past in scored if past.experiment.id == space.pin), champion)
    good = scored[:_GOOD]
    if first is None or not good or rng.random() < _FROM_CHAMPION:
        return first
    return good[int(rng.integers(len(good)))]


def standing(history: History, space: Space) -> tuple[Past | None, list[Past]]:
    """The champion, and all that may have children, best first.

    An experiment with a veto has none, nor has one that steadied a champion; in the place of such a champion stands the best of
    the others.
    """
    ours = [past for past in history.past if past.scored and not past.experiment.steady]
    known = [past for past in ours if past.experiment.id not in space.vetoes]
    scored = [past for past in known if allowed(past, space) is not None]
    scored.sort(key=lambda past: -past.metrics["cv_auc"])
    champion = history.champion()
    if champion is not None and champion not in scored:
        champion = scored[0] if scored else None
    return champion, scored


def allowed(parent: Past | None, space: Space) -> Past | None:
    """A parent without the bases that a person has vetoed, or that nobody chose and the search may not draw; None where
    nothing is left."""
    if parent is None:
        return None
    chosen = parent.experiment.author != "baseline"
    names = stacked_names(parent.experiment)
    bases = taken_from(parent.experiment, names)
    kept = [one for one in bases if not space.bars(one) and (chosen or space.allows(one))]
    if len(kept) == len(names):
        return parent
    if not kept:
        return None
    fields = parent.experiment.model_dump(include={"id", "parent", "author", "hypothesis", "memo"})
    return dataclasses.replace(parent, experiment=compose(kept, parent.experiment.stack, **fields))


def _draw(
    history: History, space: Space, rng: np.random.Generator, sampler_seed: int
) -> tuple[Candidate, dict[str, Any]]:
    """Ask Optuna for a new base; where it would train for long, ask again with the odds of its cost."""
    if hindrance := space.hindrance():
        raise NothingToDrawError(hindrance)
    for retry in range(4):
        drawn = _ask(history, space, sampler_seed + 7919 * retry)
        if rng.random() < _LONG / max(space.seconds(drawn[0]), _LONG):
            break
    return drawn


def _ask(history: History, space: Space, sampler_seed: int) -> tuple[Candidate, dict[str, Any]]:
    """A new base by Optuna, which is told the gain over the champion of every base drawn before."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=sampler_seed % 2**32, multivariate=True, group=True, n_startup_trials=6
        )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials(told_trials(history, space))
    trial = study.ask()
    return space.suggest(trial), dict(trial.params)


def told_trials(history: History, space: Space) -> list[Any]:
    """What Optuna is told: every base that was drawn and scored."""
    drawn = [(past.draw.get("params"), past) for past in history.past if past.metrics is not None]
    # A veto in mid-night takes choices away, and Optuna refuses trials that made them.
    views, learners = set(space.families()), set(space.learners())
    fits = [(params, past) for params, past in drawn if params and {params["views"]} <= views]
    return [_told(params, past, space) for params, past in fits if {params["learner"]} <= learners]


def _told(params: dict[str, Any], past: Past, space: Space) -> Any:
    """A finished trial; a crash counts as worse than anything, it is not dropped."""
    import optuna

    again = optuna.trial.FixedTrial(params)
    space.suggest(again)
    gain = past.metrics["delta"] if past.metrics["status"] != "crash" and past.metrics["delta"] is not None else -1.0
    return optuna.trial.create_trial(params=params, distributions=again.distributions, value=gain)
