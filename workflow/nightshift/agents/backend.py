"""The next experiment by the configured backend: the search, a language model, or both by turns; and research when it is due."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from nightshift.agents import search
from nightshift.agents.deadline import seconds_left
from nightshift.agents.guidance import Guidance
from nightshift.agents.history import History
from nightshift.agents.hybrid import turn_of_model
from nightshift.agents.model import Answer, Desk, ask_model
from nightshift.agents.space import Space
from nightshift.agents.state import optimizer_state
from nightshift.card import Card
from nightshift.config import Config
from nightshift.disk import DiskError
from nightshift.experiment import Experiment
from nightshift.files import read_json
from nightshift.llm.client import Client
from nightshift.llm.errors import ReplayMissing
from nightshift.llm.hiding import hiding
from nightshift.llm.server import backend_of
from nightshift.llm.store import Usage
from nightshift.names import HISTORY
from nightshift.research.memos import Memo, is_due, is_told, latest_seen, numbered

_LONGEST = 300  # characters of a reason
_OF_LEFT = 0.05  # of the time before a deadline, for a memo that no model reads
_SILENT = ("timeout", "connection", "server")


@dataclass(frozen=True)
class Made:
    """What a backend made.

    Attributes
    ----------
    experiment : Experiment
    draw : what the search drew for it; {"move": "model"} for a model's
    fallback : why the search answered in the place of the model, or None
    silent : whether that was because the server gave no answer
    memos : memos written on the way
    usage : Usage of the model's server
    """

    experiment: Experiment
    draw: dict[str, Any]
    fallback: str | None = None
    silent: bool = False
    memos: list[Memo] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)


def make(experiment: str, history: History, guidance: Guidance, memos: list[Memo], config: Config, root: Path) -> Made:
    """Make the next experiment.

    Parameters
    ----------
    experiment : its name
    history, guidance : what it may know
    memos : those written so far
    config : Config
    root : the project, which is the working directory where anything is to be computed

    Raises
    ------
    ReplayMissing
        agent.replay, and an answer was never kept.
    NothingNewError
        The search finds nothing new, and no model stands in for it.
    """
    card, backend = read_json(root / "results/data/card.json"), backend_of(config.agent)
    agent = guidance.narrowed(config.agent)
    if _was_silent(history, root):  # a server that hangs costs one try a proposal, not four
        agent = agent.model_copy(update={"tries": 1})
    left = seconds_left(config.search, root)
    space = Space(Card.of(card), agent, guidance.pin, guidance.vetoes, left)
    with Client(agent, experiment, root, hiding(agent, root)) as client:
        researcher = Researcher(experiment, history, space, client, config.search.seed, backend != "search", root)
        written = researcher.by_patience(memos)
        known = [*memos, *written]
        desk = Desk(history, space, guidance, card, known, "", root, researcher.on_demand(known), config.search.keep)
        # Whoever looked closer has something to propose.
        looked = bool(written) and backend != "search"
        turn = looked or turn_of_model(len(history.past), backend, agent.share)
        by_search = partial(search.propose, history, space, config.search.seed)
        answer, drawn = _answered(turn, backend != "search", partial(_by_model, client, desk, backend), by_search)
        written += researcher.written
        if drawn is None:
            return Made(answer.experiment, {"move": "model"}, memos=written, usage=client.used)
        failed = " ".join(answer.failed.split())[:_LONGEST] if answer.failed else None
        return Made(drawn.experiment, drawn.draw, failed, answer.kind in _SILENT, written, client.used)


def _answered(
    turn: bool, model: bool, by_model: Callable[[], Answer], by_search: Callable[[], search.Proposal]
) -> tuple[Answer, search.Proposal | None]:
    """The model's experiment when it is its turn and it has one, otherwise the search's, beside why the model has none."""
    answer = by_model() if turn else Answer(None)
    if answer.experiment is not None:
        return answer, None
    try:
        return answer, by_search()
    except search.NothingNewError:
        # In a hybrid night the model may know more, out of its turn too.
        if turn or not model or (answer := by_model()).experiment is None:
            raise
        return answer, None


def _by_model(client: Client, desk: Desk, backend: str) -> Answer:
    """The model's experiment, or why there is none."""

    def work() -> Answer:
        state = optimizer_state(desk.history, desk.space) if backend == "hybrid" else ""
        return ask_model(client, replace(desk, state=state))

    return contained(work) or Answer(None, "the proposal failed; its log says why")


def _was_silent(history: History, root: Path) -> bool:
    """Whether the server gave no answer when it was last asked for a proposal."""
    for past in reversed(history.past):
        kept = read_json(root / HISTORY / f"{past.experiment.id}.json")
        if kept.get("fallback") or past.experiment.author == "model":
            return bool(kept.get("silent"))
    return False


class Researcher:
    """Writes memos for one proposal.

    Parameters
    ----------
    experiment : the proposal
    history, space : what it may know
    client : Client, of the same purse
    seed : search.seed
    model : whether there is a model to do it; otherwise diagnostics are computed
    root : the project
    """

    def __init__(
        self, experiment: str, history: History, space: Space, client: Client, seed: int, model: bool, root: Path
    ):
        self.experiment, self.history, self.space, self.client = experiment, history, space, client
        self.seed, self.model, self.root = seed, model, root
        self.written: list[Memo] = []  # on demand

    def by_patience(self, memos: list[Memo]) -> list[Memo]:
        """A memo, when nothing was kept for too long; one that is computed only where the champion is another than that of
        an earlier one."""
        waited = is_due(self.history, memos, self.space.agent.research)
        champion = self.history.champion()
        if waited is None or champion is None:
            return []
        if not self.model and is_told(champion.experiment.id, memos):
            return []
        question = (
            f"{waited} experiments were scored since the last keep; {champion.experiment.id} is still the champion. What does it "
            "get wrong, and which one experiment is worth trying?"
        )
        memo = self._memo(question, "patience", memos)
        return [memo] if memo else []

    def on_demand(self, memos: list[Memo]) -> Callable[[str], Memo | None] | None:
        """What the model may call; None when the night has had its memos."""
        if len(memos) >= self.space.agent.research.memos or self.history.champion() is None:
            return None

        def research(question: str) -> Memo | None:
            memo = self._memo(question, "model", memos)
            self.written += [memo] if memo else []
            return memo

        return research

    def _memo(self, question: str, asked_by: str, memos: list[Memo]) -> Memo | None:
        content = contained(lambda: self._content(question, {memo["id"] for memo in memos}))
        if content is None:
            return None
        seen = latest_seen(self.history)
        return numbered({**content, "asked_by": asked_by, "seen": seen, "experiment_after": self.experiment}, memos)

    def _content(self, question: str, memos: set[str]) -> dict[str, Any]:
        from nightshift.agents.check import checked
        from nightshift.agents.model import form_for
        from nightshift.research.diagnostics import diagnose
        from nightshift.research.investigate import investigate
        from nightshift.research.toolbox import Toolbox

        toolbox = Toolbox(self.history, self.space.agent, self.client, self.seed)
        if not self.model:
            return {**diagnose(question, toolbox, max(0.0, _OF_LEFT * self.space.left)), "idea": None}
        form = form_for(self.space)
        return investigate(
            question,
            self.client,
            toolbox,
            form,
            lambda content: checked(content, self.history, self.space, memos, self.root),
        )


def contained(work: Callable[[], Any]) -> Any:
    """Whatever goes wrong while a model is asked or a memo written costs no night; None: it went wrong."""
    try:
        return work()
    except (ReplayMissing, DiskError):
        raise
    except Exception:
        traceback.print_exc()
        return None
