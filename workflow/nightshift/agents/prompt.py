"""What a language model is told before it proposes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nightshift.agents.words import (
    composition,
    correlation_lines,
    correlations,
    data_card,
    ledger_table,
    memo_lines,
)

if TYPE_CHECKING:
    from nightshift.agents.model import Desk

RESEARCH_TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "research",
        "description": "Have one question investigated before you propose: a colleague with tools (slices where the champion "
        "errs, importances, correlations, learning curve, SQL, notes, literature where allowed) answers with a memo.",
        "parameters": {
            "type": "object",
            "properties": {"question": {"type": "string", "description": "One question that can be answered."}},
            "required": ["question"],
            "additionalProperties": False,
        },
    },
}

_ROLE = """\
You improve a model that predicts a binary target from rows of a CRM and from transcripts of calls. Experiments run one after
the other through a night. You write the next one; it is trained, cross-validated and kept if it beats the champion by more
than {keep:g} standard errors of the paired difference, or if it is simpler and not worse.

An experiment is views (feature blocks), bases (learners on views, trained out of fold) and a stack over the bases'
out-of-fold predictions. What has paid elsewhere: separate models of separate feature groups under a regularised stack, rather
than one model that sees everything; bases that err in different ways; few, strongly regularised columns where cases are few.

- Change one thing that you can give a reason for. Name the parent that you vary; repeat its other parts unchanged.
- The hypothesis is one sentence: what this should show, and why.
- No experiment that is in the ledger already.
- Names of views and bases: letters, digits, '-', '_' and '.'.
- A base names views of this experiment; on the second level it names other bases of this experiment.
- SQL views: one DuckDB SELECT over cases(case_id, columns) and turns(case_id, call, position, speaker, text, start, "end",
  time), one row a case; a row must not depend on other cases; the target is not there.
- If your experiment follows a memo, name it in `memo`.
- You see no holdout, and there is nothing but the experiment that you can change.

Answer with one JSON object in the form of this schema. null means the default.
{schema}"""


def prompt(desk: Desk, schema: dict[str, Any]) -> list[dict[str, Any]]:
    """System and user message: rules and space, then guidance, data, ledger, champion, optimizer, memos."""
    role = _ROLE.format(keep=desk.keep, schema=json.dumps(schema, separators=(",", ":"), ensure_ascii=False))
    parts = [(title, text) for title, text in _parts(desk) if text]
    told = "\n\n".join(f"## {title}\n{text}" for title, text in parts)
    number = len(desk.history.past)
    user = f"{told}\n\nPropose experiment exp-{number:04d}."
    return [{"role": "system", "content": role}, {"role": "user", "content": user}]


def _parts(desk: Desk) -> list[tuple[str, str]]:
    agent, champion = desk.space.agent, desk.history.champion()
    parts = [
        ("Guidance of the people you work for", (desk.guidance.text or "").strip()),
        ("Data", data_card(desk.card, agent)),
        ("Ledger so far", ledger_table(desk.history, agent)),
    ]
    if champion is not None:
        parts.append(("Champion", composition(champion, agent)))
        found = correlations(champion, desk.root)
        parts.append(("Correlations of its bases' out-of-fold predictions", correlation_lines(found)))
    pinned = next((past for past in desk.history.past if past.experiment.id == desk.guidance.pin), None)
    if pinned is not None:
        parts.append(("Pinned by a person: vary this one", composition(pinned, agent)))
    if desk.guidance.vetoes:
        parts.append(("Vetoed by a person, not to be used", ", ".join(sorted(desk.guidance.vetoes))))
    parts.append(("What the optimizer that proposes the other experiments has found", desk.state))
    parts.append(("Memos of research", memo_lines(desk.memos)))
    return parts
