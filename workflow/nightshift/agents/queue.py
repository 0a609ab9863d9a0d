"""Experiments that people queue by hand: config/experiments/*.yaml, each taken exactly once, in order of their names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nightshift.agents.sqlcheck import sql_problems
from nightshift.config_agent import Agent
from nightshift.errors import InputError, Problem
from nightshift.experiment import Experiment, read_experiment

QUEUE = "config/experiments"


def queued_files(root: Path = Path()) -> list[Path]:
    """Files in the queue, by name, relative to `root`."""
    found = [path for pattern in ("*.yaml", "*.yml") for path in (root / QUEUE).glob(pattern)]
    return sorted(path.relative_to(root) for path in found)


def waiting(taken: set[str], root: Path = Path()) -> list[Path]:
    """Files that no proposal has taken yet."""
    return [path for path in queued_files(root) if path.name not in taken]


def take(
    taken: set[str],
    kinds: Mapping[str, str],
    root: Path = Path(),
    agent: Agent | None = None,
    done: Mapping[str, str] | None = None,
) -> tuple[Experiment | None, list[str], dict[str, str]]:
    """The next valid experiment of the queue; with `agent`, one that its configuration allows to compute.

    Parameters
    ----------
    taken : names of files that are done with
    kinds : column of the cases -> kind, to try SQL on
    done : digest -> name of the experiments that there are; none of them is run again

    Returns
    -------
    experiment : Experiment or None
    files : names of the files taken now, the invalid ones before it included
    refused : name -> what is wrong with it
    """
    files, refused = [], {}
    for path in waiting(taken, root):
        files.append(path.name)
        try:
            experiment = _read(root, path, kinds, agent)
            _check_new(experiment, path, agent or Agent(), done or {})
            return experiment, files, refused
        except InputError as error:
            refused[path.name] = str(error)
    return None, files, refused


def _check_new(experiment: Experiment, path: Path, agent: Agent, done: Mapping[str, str]) -> None:
    same = done.get(experiment.settled(agent).digest())
    if same:
        remedy = "change something, or look at that row of the ledger: the same again says the same"
        raise InputError([Problem(f"it is the same experiment as {same}", remedy, str(path))])


def hindrances(experiment: Experiment, agent: Agent) -> list[str]:
    """Why the configuration does not allow to compute some of its views."""
    found = {name: view.hindrance(agent) for name, view in experiment.views.items()}
    return [f"view {name!r} ({experiment.views[name].kind}): {why}" for name, why in found.items() if why]


def _read(root: Path, path: Path, kinds: Mapping[str, str] | None, agent: Agent | None) -> Experiment:
    experiment = read_experiment(root / path)
    if agent is not None and (found := hindrances(experiment, agent)):
        raise InputError([Problem(why, "change the section agent of config/config.yaml", str(path)) for why in found])
    if kinds is not None and (problems := sql_problems(experiment, kinds, str(path))):
        raise InputError(problems)
    return experiment


def check_queue(kinds: Mapping[str, str] | None, root: Path = Path(), agent: Agent | None = None) -> list[Problem]:
    """Problems of all files in the queue, for the check before the first experiment; of their SQL too once the kinds of
    the columns are known."""
    problems: list[Problem] = []
    for path in queued_files(root):
        try:
            _read(root, path, kinds, agent)
        except InputError as error:
            problems += error.problems
    return problems
