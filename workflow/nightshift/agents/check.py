"""The gate of what a model proposes: the checks of every experiment, and those of an author that nobody knows.

The first are those that people's files go through. The others: what the configuration or a person forbids, what was tried
already, and SQL that does not run: it is run here, in the sandbox on development cases, so that the model hears of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nightshift.agents.candidates import taken_from
from nightshift.agents.history import History
from nightshift.agents.queue import hindrances
from nightshift.agents.space import Space
from nightshift.agents.words import shown
from nightshift.errors import InputError
from nightshift.experiment import NIGHTS_OWN, Experiment, parse_experiment
from nightshift.llm.reading import RefusedError
from nightshift.names import DEVELOPMENT, name_of
from nightshift.sandbox import SqlRefused, cases_table, condition

_FEWEST = 30  # cases inside and outside a segment
_MOST_BASES = 60
_LONGEST = 500  # characters of a hypothesis


def checked(content: Any, history: History, space: Space, memos: set[str], root: Path = Path()) -> Experiment:
    """A proposal as an experiment, author and parent set.

    Parameters
    ----------
    content : what a model said, in the form of an experiment
    history : History
    space : Space, with the configuration and the vetoes
    memos : names of the memos that it may refer to
    root : the project

    Raises
    ------
    RefusedError
        Everything that is wrong with it.
    """
    if isinstance(content, dict):
        content = {name: value for name, value in content.items() if name not in NIGHTS_OWN}
    try:
        experiment = parse_experiment(content, "the answer")
    except InputError as error:
        raise RefusedError("; ".join(f"{problem.what} ({problem.remedy})" for problem in error.problems[:6])) from None
    experiment = experiment.settled(space.agent)
    problems = [*_forbidden(experiment, space), *_repeated(experiment, history)]
    if problems:
        raise RefusedError("; ".join(problems))
    if refused := _does_not_run(experiment, space, root):
        raise RefusedError(refused)
    known = {past.experiment.id for past in history.past}
    parent = experiment.parent if experiment.parent in known else _usual_parent(history, space, known)
    memo = experiment.memo if experiment.memo in memos else None
    said = " ".join(experiment.hypothesis.split())[:_LONGEST] or "The model gave no hypothesis."
    return experiment.model_copy(update={"author": "model", "parent": parent, "memo": memo, "hypothesis": said})


def _usual_parent(history: History, space: Space, known: set[str]) -> str:
    """What a model varies when it names nothing: the pin of a person, else the champion."""
    if space.pin in known:
        return space.pin
    champion = history.champion()
    return champion.experiment.id if champion else name_of(0)


def _vetoed(experiment: Experiment, space: Space) -> list[str]:
    """What a person's vetoes bar: kinds of views and learners, moves that an experiment shows, parents."""
    shows = {
        "segment": any(base.segment for base in experiment.bases.values()),
        "second_level": any(base.bases for base in experiment.bases.values()),
        "reseed": any(base.seeds > 1 for base in experiment.bases.values()),
    }
    barred = [name for name, shown_in in shows.items() if shown_in and name in space.vetoes]
    if any(space.bars(one) for one in taken_from(experiment, experiment.bases)):
        barred = sorted(space.vetoes)
    problems = [f"a person has vetoed {', '.join(barred)}"] if barred else []
    if experiment.parent in space.vetoes:
        problems.append(f"a person has vetoed {experiment.parent} as a parent: vary another one")
    return problems


def _forbidden(experiment: Experiment, space: Space) -> list[str]:
    problems = hindrances(experiment, space.agent)
    for name, view in experiment.views.items():
        if not view.offered(space.card):
            problems.append(f"view {name!r}: the data has nothing for the kind {view.kind}")
        if space.agent.views is not None and view.kind not in space.agent.views:
            problems.append(f"view {name!r}: the kind {view.kind} is not allowed here")
    for name, base in experiment.bases.items():
        if not base.learner.installed():
            problems.append(f"base {name!r}: the learner {base.learner.kind} is not installed")
        if space.agent.learners is not None and base.learner.kind not in space.agent.learners:
            problems.append(f"base {name!r}: the learner {base.learner.kind} is not allowed here")
    problems += _vetoed(experiment, space)
    if max(len(experiment.bases), len(experiment.views)) > _MOST_BASES:
        problems.append(
            f"{len(experiment.bases)} bases on {len(experiment.views)} views: at most {_MOST_BASES} of each"
        )
    return problems


def _repeated(experiment: Experiment, history: History) -> list[str]:
    same = history.digests().get(experiment.digest())
    return [f"it is the same experiment as {same}, which is in the ledger: propose another one"] if same else []


def _does_not_run(experiment: Experiment, space: Space, root: Path) -> str | None:
    """What the sandbox says against its queries and conditions, on development cases; None: nothing."""
    queries = {name: view for name, view in experiment.views.items() if view.kind == "sql"}
    segments = {name: base.segment for name, base in experiment.bases.items() if base.segment}
    if not (queries or segments) or not (root / DEVELOPMENT / "cases.parquet").exists():
        return None
    from nightshift.data.development import read_raw

    raw = read_raw(root / DEVELOPMENT)
    for name, view in queries.items():
        try:
            view.featurize(raw)
        except SqlRefused as error:
            return f"view {name!r}: {shown(str(error), space.agent, 600)}"
    for name, segment in segments.items():
        try:
            inside = int(np.sum(condition(segment, cases_table(raw))))
        except SqlRefused as error:
            return f"segment of base {name!r}: {shown(str(error), space.agent, 600)}"
        if inside < _FEWEST:
            return (
                f"segment of base {name!r}: holds for {inside} of {len(raw.cases)} cases; at least {_FEWEST} are needed"
            )
    return None
