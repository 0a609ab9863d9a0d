"""The data's card: what a proposal may know of the data before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Card:
    """What the data offers.

    Attributes
    ----------
    speakers : labels of the two who speak in most cases
    columns : column of the cases -> numeric, boolean, datetime, category or text
    cases, turns, calls : counts over all cases
    segments : SQL conditions on columns of the cases that hold for a fair share of them
    timed : whether turns have seconds (start and end)
    dated : whether calls have dates
    folds : of the cross-validation
    """

    speakers: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    cases: int = 0
    turns: int = 0
    calls: int = 0
    segments: tuple[str, ...] = ()
    timed: bool = False
    dated: bool = False
    folds: int = 5

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Card:
        """From results/data/card.json."""
        counts = content["counts"]
        return cls(
            speakers=tuple(content["speakers"][:2]),
            columns=dict(content["columns"]),
            cases=counts["cases"],
            turns=counts["turns"],
            calls=counts["calls"],
            segments=tuple(content["segments"]),
            timed=content["timed"],
            dated=content["dated"],
            folds=content.get("folds", 5),
        )

    @property
    def has_turns(self) -> bool:
        return self.turns > 0

    @property
    def several_calls(self) -> bool:
        """Whether many cases have more than one call."""
        return self.calls > 1.2 * self.cases

    def columns_of(self, *kinds: str) -> list[str]:
        """Columns of the kinds named, in order."""
        return [name for name, kind in self.columns.items() if kind in kinds]
