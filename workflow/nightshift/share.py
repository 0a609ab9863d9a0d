"""Who had which share in a night: people, model, search, memos; and what the language model took."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from nightshift.agents.guidance import Guidance, read_guidance
from nightshift.files import read_json
from nightshift.ledger import finished
from nightshift.llm.store import Store
from nightshift.names import EXPERIMENTS
from nightshift.rubric import GIVEN_UP

_WHO = {"human": "people", "model": "the model", "search": "the search"}


def keeps_in_words(rows: list[dict[str, Any]]) -> str:
    """How many keeps came from whom; the baseline is nobody's."""
    kept = [row for row in rows if row["status"] == "keep" and row["author"] != "baseline"]
    count = Counter(row["author"] for row in kept)
    told = ", ".join(f"{count[author]} from {who}" for author, who in _WHO.items() if count[author])
    followed = [row for row in kept if row.get("memo")]
    memos = "; ".join(f"{row['experiment']} follows {row['memo']}" for row in followed)
    return (
        f"Keeps after the baseline: {told or 'none'}; {len(followed)} followed a memo{f' ({memos})' if memos else ''}."
    )


def usage_in_words(tokens: int, money: float, calls: int) -> str:
    """Tokens and money of a night; "" where no model was asked."""
    if not calls:
        return ""
    paid = f", {money:.2f} by agent.prices" if money else ""
    return f"The language model answered {calls:,} requests: {tokens:,} tokens{paid}."


def memos_of(root: Path = Path()) -> list[dict[str, Any]]:
    """All memos of a night, oldest first."""
    last = finished(root)[-1:]
    path = root / EXPERIMENTS / last[0] / "memos.json" if last else None
    return read_json(path) if path and path.exists() else []


def notes_of(rows: list[dict[str, Any]], root: Path = Path()) -> list[str]:
    """What is worth knowing of model, memos and guidance."""
    notes = []
    stood_in = [row for row in rows if row.get("fallback")]
    if stood_in:
        reason, times = Counter(row["fallback"] for row in stood_in).most_common(1)[0]
        often = f" ({times} times)" if times > 1 else ""
        notes.append(f"The search stood in for the model in {len(stood_in)} experiments: {reason}{often}")
    for memo in memos_of(root):
        notes.append(f"results/research/{memo['id']}.md: {memo['title']}")
        if memo.get("idea"):
            notes.append(f"results/research/{memo['idea_id']}.md is an idea for you: no experiment can say it")
    lost, given_up = Store(root).failures("holdout"), Store(root).failures(f"holdout{GIVEN_UP}")
    if lost or given_up:
        often = f"{lost} requests" if not given_up else f"{lost} requests and all that would have come after them"
        notes.append(f"{often} about holdout transcripts had no answer: the verdict has missing values there")
    unknown = Guidance.of(read_guidance(root)).unknown()
    notes += [f"config/program.md vetoes {name!r}, which is no kind of view, learner or move" for name in unknown]
    return notes
