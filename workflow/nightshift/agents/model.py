"""Backend `llm`: a language model is asked for the next experiment, and may ask for research first.

An invalid answer goes back once with what is wrong; then the caller lets the search answer instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nightshift.agents.check import checked
from nightshift.agents.guidance import Guidance
from nightshift.agents.history import History
from nightshift.agents.prompt import RESEARCH_TOOL, prompt
from nightshift.agents.space import Space
from nightshift.experiment import Experiment
from nightshift.learners import LEARNERS
from nightshift.llm.client import Client, Reply
from nightshift.llm.errors import CallFailed
from nightshift.llm.reading import RefusedError, read_json_in
from nightshift.llm.strict import Form, experiment_form
from nightshift.views import VIEWS

_TRIES = 2
_LONGEST_ECHO = 8000  # characters of an invalid answer that go back

Memo = dict[str, Any]


@dataclass(frozen=True)
class Desk:
    """What a proposal by a model has before it.

    Attributes
    ----------
    history, space, guidance : as they are
    card : content of results/data/card.json
    memos : those written so far, oldest first
    state : the optimizer's state in words; "" where there is none
    root : the project
    research : writes a memo on a question; None where no more memos are wanted
    keep : search.keep, standard errors that a gain has to exceed
    """

    history: History
    space: Space
    guidance: Guidance
    card: dict[str, Any]
    memos: Sequence[Memo] = ()
    state: str = ""
    root: Path = Path()
    research: Callable[[str], Memo | None] | None = None
    keep: float = 0.5


@dataclass(frozen=True)
class Answer:
    """What came of asking.

    Attributes
    ----------
    experiment : Experiment, or None
    failed : why there is none, in one line
    memos : memos that the model asked for
    kind : of the request that had no answer (`nightshift.llm.errors.CallFailed`), or None
    """

    experiment: Experiment | None
    failed: str | None = None
    memos: list[Memo] = field(default_factory=list)
    kind: str | None = None


def ask_model(client: Client, desk: Desk) -> Answer:
    """Ask for the next experiment; never raises but for a replay that misses an answer."""
    form = form_for(desk.space)
    messages = prompt(desk, form.schema)
    written: list[Memo] = []
    problem = "there is no answer"
    for attempt in range(_TRIES):
        try:
            reply = _reply(client, messages, form, desk, written)
        except CallFailed as error:
            return Answer(None, error.reason, written, error.kind)
        try:
            known = {memo["id"] for memo in [*desk.memos, *written]}
            content = form.read(read_json_in(reply))
            return Answer(checked(content, desk.history, desk.space, known, desk.root), None, written)
        except RefusedError as error:
            problem = str(error)
        if attempt + 1 < _TRIES:
            messages = [*messages, {"role": "assistant", "content": (reply.content or "(nothing)")[:_LONGEST_ECHO]}]
            messages.append({"role": "user", "content": _again(problem)})
    return Answer(None, f"no valid answer in {_TRIES} tries: {problem}", written)


def _again(problem: str) -> str:
    return f"That is not taken: {problem}\nAnswer once more with one experiment, as JSON in the form of the schema, and mend this."


def _reply(client: Client, messages: list[dict[str, Any]], form: Form, desk: Desk, written: list[Memo]) -> Reply:
    """The model's answer; a question that it has is researched first, once."""
    tools = [RESEARCH_TOOL] if desk.research and not written else []
    reply = client.chat(messages, form.schema, tools)
    asked = next((call for call in reply.tools if call["name"] == "research"), None)
    if asked is None or not tools:
        return reply
    memo = desk.research(_question(asked["arguments"]))
    if memo is not None:
        written.append(memo)
    said = (
        f"{memo['id']}: {memo['title']}\n{memo['text']}"
        if memo
        else "There will be no memo: the night has had its share."
    )
    function = {"name": "research", "arguments": asked["arguments"]}
    call = {"id": asked["id"], "type": "function", "function": function}
    messages += [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": asked["id"], "content": said},
    ]
    return client.chat(messages, form.schema)


def _question(arguments: str) -> str:
    try:
        return str(json.loads(arguments)["question"])[:1000]
    except (ValueError, KeyError, TypeError):
        return arguments[:1000]


def form_for(space: Space) -> Form:
    """The form of an experiment with the kinds that data, configuration and people leave."""
    views = [
        kind
        for kind, view in VIEWS.items()
        if view.offered(space.card)
        and view.hindrance(space.agent) is None
        and (space.agent.views is None or kind in space.agent.views)
    ]
    learners = [
        kind
        for kind, learner in LEARNERS.items()
        if learner.installed() and (space.agent.learners is None or kind in space.agent.learners)
    ]
    out = {view.__name__ for kind, view in VIEWS.items() if kind not in views}
    out |= {learner.__name__ for kind, learner in LEARNERS.items() if kind not in learners}
    return experiment_form(frozenset(out))
