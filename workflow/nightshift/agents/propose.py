"""One proposal: queue first, then the backend; written once, and answered from that file ever after."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nightshift import plan
from nightshift.agents import queue, search
from nightshift.agents.deadline import reason_to_stop
from nightshift.agents.history import History, read_history
from nightshift.agents.space import Space
from nightshift.card import Card
from nightshift.config import Config
from nightshift.experiment import Experiment, parse_experiment
from nightshift.files import read_json, write_json, write_text
from nightshift.names import EXPERIMENTS, HISTORY, name_of, number_of

GUIDANCE = "config/program.md"


def propose(experiment: str, config: Config, root: Path = Path()) -> None:
    """Write experiment.yaml and plan.json of one experiment.

    An answer once given is history: it is kept in results/history and a rerun writes the same again. When the night
    is to end (config/STOP or the deadline), both files say so instead and nothing enters the history.

    Parameters
    ----------
    experiment : its name, exp-0007
    config : Config
    root : the project
    """
    folder = root / EXPERIMENTS / experiment
    kept = root / HISTORY / f"{experiment}.json"
    if not kept.exists():
        reason = reason_to_stop(number_of(experiment), config.search, root)
        if reason:
            write_text(folder / "experiment.yaml", f"stopped: {reason}\n")
            write_json(folder / "plan.json", {"views": {}, "bases": {}, "stopped": reason})
            return
        write_json(kept, _answer(experiment, config, root))
    proposed = parse_experiment(read_json(kept)["experiment"], str(kept))
    split = read_json(root / "results/data/split.json")
    plan.write_plan(folder / "plan.json", plan.make_plan(proposed, split, config.search.seed), root)
    proposed.write(folder / "experiment.yaml")


def _answer(experiment: str, config: Config, root: Path) -> dict[str, Any]:
    """The proposal with a snapshot of what it consumed."""
    history = read_history(number_of(experiment), config.search.parallel, root)
    taken = _taken(number_of(experiment), root)
    # exp-0000 is the baseline whatever is queued: everything is measured against it.
    card = Card.of(read_json(root / "results/data/card.json"))
    by_hand, files, refused = queue.take(taken, card.columns, root) if history.past else (None, [], {})
    if by_hand is not None:
        proposed, draw = _as_human(by_hand, history), {}
    else:
        space = Space(card, config.agent)
        proposal = search.propose(history, space, config.search.seed)
        proposed, draw = proposal.experiment, proposal.draw
    proposed = proposed.model_copy(update={"id": experiment})
    guidance = root / GUIDANCE
    return {
        "experiment": proposed.model_dump(mode="json"),
        "draw": draw,
        "queue": files,
        "refused": refused,
        "consumed": {
            "guidance": guidance.read_text(encoding="utf-8") if guidance.exists() else None,
            "scores_seen": [past.experiment.id for past in history.past if past.metrics is not None],
            "window": config.search.parallel,
        },
        "proposed_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _as_human(experiment: Experiment, history: History) -> Experiment:
    champion = history.champion()
    parent = experiment.parent or (champion.experiment.id if champion else "exp-0000")
    hypothesis = experiment.hypothesis or "Queued by hand, without a hypothesis."
    return experiment.model_copy(update={"author": "human", "parent": parent, "hypothesis": hypothesis})


def _taken(number: int, root: Path) -> set[str]:
    """Queue files that earlier proposals took."""
    kept = (read_json(root / HISTORY / f"{name_of(earlier)}.json") for earlier in range(number))
    return {name for answer in kept for name in answer["queue"]}
