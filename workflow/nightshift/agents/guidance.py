"""config/program.md: guidance in prose, and in it lines that bind the night: `pin: exp-0012`, `veto: mlp`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from nightshift.agents.moves import MOVES, STEADY
from nightshift.config import Agent
from nightshift.learners import LEARNERS
from nightshift.views import VIEWS

GUIDANCE = "config/program.md"
_LINE = re.compile(r"^\s*(?:[-*]\s*)?(pin|veto)\s*:\s*([\w./-]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Guidance:
    """What people want.

    Attributes
    ----------
    text : the page, or None
    pin : experiment to vary instead of the champion, or None; the last such line counts
    vetoes : kinds of views, learners and moves, and experiments, that are not to be used
    """

    text: str | None = None
    pin: str | None = None
    vetoes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, text: str | None) -> Guidance:
        found = [(what.lower(), name) for what, name in _LINE.findall(text or "")]
        pins = [name for what, name in found if what == "pin"]
        vetoes = frozenset(name.lower() for what, name in found if what == "veto")
        return cls(text, pins[-1].lower() if pins else None, vetoes)

    def unknown(self) -> list[str]:
        """Vetoes that mean nothing here, for the ending."""
        known = {*VIEWS, *LEARNERS, *MOVES, STEADY}
        return sorted(name for name in self.vetoes if name not in known and not re.fullmatch(r"exp-\d+", name))

    def narrowed(self, agent: Agent) -> Agent:
        """The agent's lists without what is vetoed; a list that would be empty stays as it is."""
        lists = {"views": VIEWS, "learners": LEARNERS, "moves": (*MOVES, STEADY)}
        changed = {}
        for key, known in lists.items():
            allowed = getattr(agent, key) or tuple(known)
            kept = tuple(name for name in allowed if name not in self.vetoes)
            if len(kept) < len(allowed) and kept:
                changed[key] = kept
        return agent.model_copy(update=changed) if changed else agent


def read_guidance(root: Path = Path()) -> str | None:
    path = root / GUIDANCE
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
