"""Backend `search`: portfolio first, then moves from the champion, with Optuna for every new base.

Deterministic: a proposal depends on the seed, its number and the history it sees.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from nightshift.agents.history import History, Past
from nightshift.agents.portfolio import baseline, portfolio
from nightshift.agents.space import Candidate, Space, compose, taken_from
from nightshift.experiment import Experiment
from nightshift.names import name_of
from nightshift.stack import StackSpec

_TRIES = 40
_MOVES = {"add": 0.5, "replace": 0.15, "prune": 0.1, "restack": 0.1, "library": 0.15}
_LIBRARY = 25
_LIGHT = 0.4  # of the mean weight: a base below may be pruned


@dataclass(frozen=True)
class Proposal:
    """An experiment without id, and what was drawn for it."""

    experiment: Experiment
    draw: dict[str, Any]


def propose(history: History, space: Space, seed: int) -> Proposal:
    """The next experiment.

    Parameters
    ----------
    history : History
        The number of experiments in it is the number of this one.
    space : Space
    seed : int
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
    rng = np.random.default_rng([seed, number])
    for attempt in range(_TRIES):
        proposal = _move(history, space, rng, seed * 1_000_003 + number * 101 + attempt)
        if proposal is not None and proposal.experiment.digest() not in known:
            return proposal
    raise RuntimeError(f"no new experiment found in {_TRIES} draws; the space is exhausted")


def _portfolio(space: Space) -> list[Experiment]:
    unique: dict[str, Experiment] = {}
    for experiment in portfolio(space):
        unique.setdefault(experiment.digest(), experiment)
    return list(unique.values())


def _latest_portfolio(history: History) -> str | None:
    ours = [past.experiment.id for past in history.past if past.experiment.author in ("baseline", "search")]
    return ours[-1] if ours else None


def _move(history: History, space: Space, rng: np.random.Generator, sampler_seed: int) -> Proposal | None:
    champion = history.champion()
    kind = str(rng.choice(list(_MOVES), p=list(_MOVES.values())))
    if champion is None:
        kind = "alone"
    if kind in ("add", "replace", "alone"):
        return _with_new_base(kind, champion, history, space, sampler_seed)
    if kind == "prune":
        return _prune(champion)
    return _restack(champion, rng) if kind == "restack" else _library(champion, history, rng)


def _with_new_base(
    kind: str, champion: Past | None, history: History, space: Space, sampler_seed: int
) -> Proposal | None:
    new, params = _draw(history, space, sampler_seed)
    draw = {"move": kind, "params": params}
    if champion is None:
        experiment = compose(
            [new], author="search", hypothesis=f"Nothing has run through yet: {new.words} alone should."
        )
        return Proposal(experiment, draw)
    names = list(champion.experiment.bases)
    if new.name in names:
        return None
    if kind == "replace" and len(names) > 1:
        weakest = min(names, key=lambda name: (champion.metrics["weights"][name], name))
        names.remove(weakest)
        hypothesis = f"{_capital(new.words)} earns its place better than {weakest}, the lightest base of {champion.experiment.id}."
    else:
        hypothesis = f"{_capital(new.words)} adds what {champion.experiment.id} misses."
    bases = [*taken_from(champion.experiment, names), new]
    return Proposal(_from(champion, bases, champion.experiment.stack, hypothesis), draw)


def _prune(champion: Past) -> Proposal | None:
    weights = champion.metrics["weights"]
    light = [name for name, weight in weights.items() if weight < _LIGHT / len(weights)]
    if not light and len(weights) > 2:
        light = [min(weights, key=lambda name: (weights[name], name))]
    names = [name for name in champion.experiment.bases if name not in light]
    if not light or not names:
        return None
    what = light[0] if len(light) == 1 else f"the {len(light)} lightest bases"
    hypothesis = f"{champion.experiment.id} is as good without {what}."
    return Proposal(
        _from(champion, taken_from(champion.experiment, names), champion.experiment.stack, hypothesis),
        {"move": "prune"},
    )


def _restack(champion: Past, rng: np.random.Generator) -> Proposal:
    stack = _draw_stack(rng)
    bases = taken_from(champion.experiment, list(champion.experiment.bases))
    hypothesis = f"The bases of {champion.experiment.id} are better put together by {_in_words(stack)}."
    return Proposal(_from(champion, bases, stack, hypothesis), {"move": "restack"})


def _library(champion: Past, history: History, rng: np.random.Generator) -> Proposal:
    """A stack over the best bases of the whole night, kept or not."""
    library = history.library()[: int(rng.integers(6, _LIBRARY + 1))]
    stack = _draw_stack(rng)
    bases = [one for _, name, _, experiment in library for one in taken_from(experiment, [name])]
    hypothesis = f"Among the {len(bases)} best bases of the night, kept or not, {_in_words(stack)} finds a better team."
    return Proposal(_from(champion, bases, stack, hypothesis), {"move": "library"})


def _draw_stack(rng: np.random.Generator) -> StackSpec:
    method = str(rng.choice(["rank_mean", "logistic", "greedy"]))
    c = float(rng.choice([0.01, 0.03, 0.1, 0.3, 1.0]))
    return StackSpec(method=method, c=c) if method == "logistic" else StackSpec(method=method)


def _in_words(stack: StackSpec) -> str:
    return {
        "rank_mean": "the plain mean of their ranks",
        "logistic": f"logistic weights pulled to the mean (c = {stack.c:g})",
        "greedy": "greedy selection",
    }[stack.method]


def _from(champion: Past, bases: list[Candidate], stack: StackSpec, hypothesis: str) -> Experiment:
    return compose(bases, author="search", parent=champion.experiment.id, hypothesis=hypothesis, stack=stack)


def _draw(history: History, space: Space, sampler_seed: int) -> tuple[Candidate, dict[str, Any]]:
    """Ask Optuna for a new base; it is told the gain over the champion of every base drawn before."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=sampler_seed % 2**32, multivariate=True, group=True, n_startup_trials=6
        )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for past in history.past:
        params = past.draw.get("params")
        if params and past.metrics is not None:
            study.add_trial(_told(optuna, params, past, space))
    trial = study.ask()
    return space.suggest(trial), dict(trial.params)


def _told(optuna: Any, params: dict[str, Any], past: Past, space: Space) -> Any:
    """A finished trial; a crash counts as worse than anything, it is not dropped."""
    again = optuna.trial.FixedTrial(params)
    space.suggest(again)
    gain = past.metrics["delta"] if past.metrics["status"] != "crash" and past.metrics["delta"] is not None else -1.0
    return optuna.trial.create_trial(params=params, distributions=again.distributions, value=gain)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
