"""One proposal: queue first, then the backend; written once, and answered from that file ever after."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nightshift import plan
from nightshift.agents import queue
from nightshift.agents.backend import Made, make
from nightshift.agents.deadline import reason_to_stop
from nightshift.agents.guidance import Guidance, read_guidance
from nightshift.agents.history import History, read_history
from nightshift.agents.search import NothingNewError
from nightshift.agents.space import Space
from nightshift.agents.steady import steady
from nightshift.card import Card
from nightshift.config import Config
from nightshift.experiment import Experiment, parse_experiment
from nightshift.files import read_json, write_json, write_text
from nightshift.llm.errors import ReplayMissing
from nightshift.llm.server import model_of
from nightshift.llm.store import PLACE, Store
from nightshift.names import EXPERIMENTS, HISTORY, name_of, number_of
from nightshift.research.memos import Memo, memos_before, write_memos


def propose(experiment: str, config: Config, root: Path = Path()) -> None:
    """Write experiment.yaml, plan.json and memos.json of one experiment.

    An answer once given is history: it is kept in results/history and a rerun writes the same again. When the night
    is to end (config/STOP, the deadline, or nothing new to try) and its champion is steadied, the files say so instead and
    nothing enters the history.

    Parameters
    ----------
    experiment : its name, exp-0007
    config : Config
    root : the project
    """
    number = number_of(experiment)
    folder = root / EXPERIMENTS / experiment
    kept = root / HISTORY / f"{experiment}.json"
    memos = memos_before(number, root)
    if not kept.exists():
        answer, reason = _next(experiment, memos, config, root)
        if answer is None:
            return _stop(folder, memos, reason)
    else:
        answer = read_json(kept)
    proposed = parse_experiment(answer["experiment"], str(kept))
    planned = plan.make_plan(proposed, read_json(root / "results/data/split.json"), config.search.seed)
    if not kept.exists():  # only now: an answer without a plan must not become history, it would come back
        write_json(kept, answer)
    write_memos(experiment, [*memos, *answer.get("memos", [])], root)
    plan.write_plan(folder / "plan.json", planned, root)
    proposed.write(folder / "experiment.yaml")


def _next(experiment: str, memos: list[Memo], config: Config, root: Path) -> tuple[dict[str, Any] | None, str]:
    """The next answer, the last of a night being the one that steadies its champion; None and why where the night is over."""
    history = read_history(number_of(experiment), config.search.parallel, root)
    reason = reason_to_stop(len(history.past), config.search, root)
    if reason is not None:
        people = {"guidance": read_guidance(root), "by_hand": None, "files": [], "refused": {}}
    else:
        people = _people(experiment, history, config, root)
        if "stopped" in people:
            return None, people["stopped"]
        if people["ends"] and (answer := _steadied(experiment, history, people, memos, config, root)):
            return answer, ""
        try:
            return _answer(experiment, history, people, memos, config, root), ""
        except NothingNewError as error:
            reason = f"{error}; allow more by agent.views, agent.learners and agent.moves, or take back a veto"
    answer = _steadied(experiment, history, people, memos, config, root)
    if answer is None:
        _see(experiment, {**people, "stopped": reason}, config, root)
    return answer, reason


def _stop(folder: Path, memos: list[Memo], reason: str) -> None:
    write_text(folder / "experiment.yaml", f"stopped: {reason}\n")
    write_json(folder / "memos.json", memos)
    write_json(folder / "plan.json", {"views": {}, "bases": {}, "stopped": reason})


def _answer(
    experiment: str, history: History, people: dict[str, Any], memos: list[Memo], config: Config, root: Path
) -> dict[str, Any]:
    """The proposal with a snapshot of what it consumed."""
    if people["by_hand"] is not None:
        made = Made(_as_human(parse_experiment(people["by_hand"], "the queue"), history, config), {})
    else:
        made = make(experiment, history, Guidance.of(people["guidance"]), memos, config, root)
    return _written(experiment, made, history, people, memos, config)


def _steadied(
    experiment: str, history: History, people: dict[str, Any], memos: list[Memo], config: Config, root: Path
) -> dict[str, Any] | None:
    """The answer that ends a night, or None where there is nothing to steady."""
    if not history.past:
        return None
    guidance, card = Guidance.of(people["guidance"]), Card.of(read_json(root / "results/data/card.json"))
    proposal = steady(history, Space(card, guidance.narrowed(config.agent), guidance.pin, guidance.vetoes))
    if proposal is None:
        return None
    _see(experiment, {**people, "ends": True}, config, root)
    return _written(experiment, Made(proposal.experiment, proposal.draw), history, people, memos, config)


def _written(
    experiment: str, made: Made, history: History, people: dict[str, Any], memos: list[Memo], config: Config
) -> dict[str, Any]:
    proposed = made.experiment.model_copy(update={"id": experiment})
    return {
        "experiment": proposed.model_dump(mode="json"),
        "draw": made.draw,
        "queue": people["files"],
        "refused": people["refused"],
        "fallback": made.fallback,
        "silent": made.silent,
        "memos": made.memos,
        "usage": {"tokens": made.usage.tokens, "money": made.usage.money, "calls": made.usage.calls},
        "consumed": {
            "guidance": people["guidance"],
            "memos": [memo["id"] for memo in [*memos, *made.memos]],
            "scores_seen": [past.experiment.id for past in history.past if past.metrics is not None],
            "window": config.search.parallel,
        },
        "proposed_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _people(experiment: str, history: History, config: Config, root: Path) -> dict[str, Any]:
    """What people gave to this proposal: guidance, and the next experiment of the queue; and whether the night `ends` with it, or
    why it had `stopped` before. A replay sees what was seen."""
    if config.agent.replay:
        seen = Store(root).seen(experiment)
        if seen is None:
            raise ReplayMissing(f"agent.replay: {PLACE} does not say what {experiment} saw\n    -> the night ends here")
        return {"ends": False, **seen}
    number = len(history.past)
    # exp-0000 is the baseline whatever is queued: everything is measured against it.
    by_hand, files, refused = None, [], {}
    if history.past:
        kinds = read_json(root / "results/data/card.json")["columns"]
        by_hand, files, refused = queue.take(_taken(number, root), kinds, root, config.agent, history.digests())
    said = by_hand.model_dump(mode="json") if by_hand else None
    seen = {"guidance": read_guidance(root), "by_hand": said, "files": files, "refused": refused, "ends": False}
    _see(experiment, seen, config, root)
    return {**seen, "ends": by_hand is None and number == config.search.experiments - 1}


def _see(experiment: str, content: dict[str, Any], config: Config, root: Path) -> None:
    """Keep it for a replay, where a model is asked, be it for views alone: without one there is nothing to replay."""
    if model_of(config.agent) is not None and not config.agent.replay:
        Store(root).see(experiment, content)


def _as_human(experiment: Experiment, history: History, config: Config) -> Experiment:
    champion = history.champion()
    parent = experiment.parent or (champion.experiment.id if champion else "exp-0000")
    hypothesis = experiment.hypothesis or "Queued by hand, without a hypothesis."
    changed = {"author": "human", "parent": parent, "hypothesis": hypothesis, "steady": False}
    return experiment.settled(config.agent).model_copy(update=changed)


def _taken(number: int, root: Path) -> set[str]:
    """Queue files that earlier proposals took."""
    kept = (read_json(root / HISTORY / f"{name_of(earlier)}.json") for earlier in range(number))
    return {name for answer in kept for name in answer["queue"]}
