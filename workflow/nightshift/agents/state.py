"""The optimizer's state in words: where it looked, what paid, what matters, where it has hardly been.

That a language model should see it is a finding of the "Centaur" study of autoresearch (arXiv 2603.24647).
"""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from typing import Any

from nightshift.agents.history import History, Past
from nightshift.agents.moves import MOVES
from nightshift.agents.search import told_trials
from nightshift.agents.space import Space

_FEWEST = 6  # trials below which importances say nothing
_BEST = 5


def optimizer_state(history: History, space: Space) -> str:
    """Some lines on moves, regions, importances and what is under-explored."""
    trials = told_trials(history, space)
    lines = [_moves(history), f"Bases drawn by the optimizer and scored: {len(trials)}."]
    if trials:
        best = sorted(trials, key=lambda trial: -trial.value)[:_BEST]
        lines.append("Best draws (gain over the champion of their time):")
        lines += [f"  {trial.value:+.4f} {_params(trial.params)}" for trial in best]
        lines += _regions(trials)
        lines += _importances(trials)
    lines += _neglected(history, space)
    return "\n".join(lines)


def _moves(history: History) -> str:
    tried, kept = Counter(), Counter()
    for past in history.past:
        move = past.draw.get("move")
        if move in MOVES and past.metrics is not None:
            tried[move] += 1
            kept[move] += past.metrics["status"] == "keep"
    told = ", ".join(f"{move} {kept[move]} of {count}" for move, count in sorted(tried.items()))
    return f"Moves of the search, kept of tried: {told or 'none yet'}."


def _params(params: dict[str, Any]) -> str:
    return ", ".join(
        f"{key}={value:.3g}" if isinstance(value, float) else f"{key}={value}" for key, value in params.items()
    )


def _regions(trials: list[Any]) -> list[str]:
    lines = []
    for name in ("views", "learner"):
        gains: dict[str, list[float]] = defaultdict(list)
        for trial in trials:
            gains[trial.params[name]].append(trial.value)
        ranked = sorted(gains.items(), key=lambda item: (-max(item[1]), item[0]))
        told = ", ".join(f"{value} {max(found):+.4f} ({len(found)})" for value, found in ranked)
        lines.append(f"Best gain by {name} (draws): {told}.")
    return lines


def _importances(trials: list[Any]) -> list[str]:
    """Share of the variance of the gains that a parameter explains, of those that every draw has."""
    import optuna

    if len(trials) < _FEWEST or len({trial.value for trial in trials}) < 2:
        return []
    study = optuna.create_study(direction="maximize")
    study.add_trials(trials)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    told = ", ".join(f"{name} {share:.2f}" for name, share in found.items())
    return [f"Parameter importances: {told}."] if told else []


def _neglected(history: History, space: Space) -> list[str]:
    """Kinds that are offered and were hardly used, by anybody."""
    used = Counter(kind for past in history.past for kind in _kinds(past))
    offered = [*space.kinds(), *space.learners()]
    never = [kind for kind in offered if not used[kind]]
    once = [kind for kind in offered if used[kind] == 1]
    lines = [f"Never used so far: {', '.join(never)}."] if never else []
    return [*lines, *([f"Used once: {', '.join(once)}."] if once else [])]


def _kinds(past: Past) -> set[str]:
    views = {view.kind for view in past.experiment.views.values()}
    return views | {base.learner.kind for base in past.experiment.bases.values()}
