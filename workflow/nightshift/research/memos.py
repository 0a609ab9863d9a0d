"""Memos: when one is due, what it holds, and the files that people read.

results/experiments/EXP/memos.json holds all memos up to a proposal, and is a declared input of the next one; the pages
results/research/memo-NNN.md and idea-NNN.md are written from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from nightshift.agents.history import History
from nightshift.config_agent import Research
from nightshift.files import read_json, write_json, write_text
from nightshift.names import EXPERIMENTS, name_of

FOLDER = "results/research"
Memo = dict[str, Any]


def memos_before(number: int, root: Path = Path()) -> list[Memo]:
    """Memos that proposal `number` finds; none where the night began before there were any."""
    path = root / EXPERIMENTS / name_of(number - 1) / "memos.json"
    return read_json(path) if number > 0 and path.exists() else []


def is_due(history: History, memos: list[Memo], research: Research) -> int | None:
    """How many experiments there were without a keep, when somebody should look closer; None: not yet.

    Experiments that are still running are unknown, and a memo gets as much patience as a keep.
    """
    if len(memos) >= research.memos:
        return None
    seen = [number for number, past in enumerate(history.past) if past.metrics is not None]
    kept = [number for number in seen if history.past[number].metrics["status"] == "keep"]
    since = max([*kept[-1:], *(memo["seen"] for memo in memos[-1:])], default=0)
    waited = sum(number > since for number in seen)
    return waited if waited >= research.patience else None


def is_told(champion: str, memos: list[Memo]) -> bool:
    """Whether a memo holds what computing says of this champion, and would say again."""
    return any(memo.get("about") == champion for memo in memos)


def latest_seen(history: History) -> int:
    """Number of the latest experiment whose score is known; -1: none."""
    return max((number for number, past in enumerate(history.past) if past.metrics is not None), default=-1)


def numbered(memo: Memo, earlier: Iterable[Memo]) -> Memo:
    """A memo with its id, and that of the idea it holds for people."""
    before = list(earlier)
    ideas = sum(bool(one.get("idea")) for one in before)
    idea_id = f"idea-{ideas + 1:03d}" if memo.get("idea") else None
    return {"id": f"memo-{len(before) + 1:03d}", "idea_id": idea_id, **memo}


def write_memos(experiment: str, memos: list[Memo], root: Path = Path()) -> None:
    """Write what the next proposal reads, and a page for every memo and idea that has none yet."""
    for memo in memos:
        page = root / FOLDER / f"{memo['id']}.md"
        if not page.exists():
            write_text(page, page_of(memo))
        if memo.get("idea"):
            idea = root / FOLDER / f"{memo['idea_id']}.md"
            if not idea.exists():
                write_text(
                    idea,
                    f"# {memo['title']}\n\nFrom {memo['id']}, for people: no experiment can say it.\n\n{memo['idea']}\n",
                )
    write_json(root / EXPERIMENTS / experiment / "memos.json", memos)


def page_of(memo: Memo) -> str:
    """A memo as Markdown."""
    asked = {"patience": "nothing was kept for a while", "model": "the model asked"}[memo["asked_by"]]
    parts = [
        f"# {memo['title']}",
        f"{memo['id']}, written before {memo['experiment_after']} because {asked}. Question: {memo['question']}",
        memo["text"],
    ]
    return "\n\n".join(parts) + "\n"


def with_experiment(text: str, experiment: dict[str, Any] | None) -> str:
    """Findings, and the one experiment that they end in."""
    if experiment is None:
        return text
    said = yaml.safe_dump(experiment, sort_keys=False, allow_unicode=True, width=100)
    return f"{text}\n\nThe experiment to try:\n\n```yaml\n{said}```"
