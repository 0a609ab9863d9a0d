"""What the views of transcripts share: which turns a view reads, and where a turn stands in its call."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from nightshift.views.base import View

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from optuna.trial import BaseTrial

    from nightshift.card import Card

Part = Literal["all", "first", "last"]
_PARTS = {"first": "at the start of", "last": "at the end of"}
_CALLS = {"all": "calls", "first": "the first call", "last": "the last call"}


class TextView(View, abc.ABC):
    """A view of what is said: whose turns, in which part of a call, in which calls."""

    speakers: tuple[str, ...] | None = Field(
        None, description="One field a speaker named here; None: everybody in one field."
    )
    calls: Part = Field("all", description="All calls of a case, or its first or last one.")
    part: Part = Field("all", description="The whole call, or its first or last part.")
    share: Annotated[float, Field(gt=0, le=1)] = Field(
        1 / 3, description="Share of a call's turns that first and last mean."
    )
    turns: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="first and last mean so many turns instead of a share."
    )

    def select(self, turns: pd.DataFrame) -> pd.DataFrame:
        """The turns that this view reads, speakers not yet told apart."""
        return turns[in_calls(turns, self.calls) & in_part(turns, self.part, self.share, self.turns)]

    def label(self, card: Card) -> str:
        who = self.speakers or ()
        place = "" if not who else "each" if len(who) > 1 else f"speaker{_number(who[0], card)}"
        calls = "" if self.calls == "all" else f"{self.calls}call"
        part = {"all": "", "first": "start", "last": "end"}[self.part] + (f"{self.turns}" if self.turns else "")
        return "-".join(filter(None, [self.kind, place, calls, part]))

    def in_words(self) -> str:
        who = "each speaker" if len(self.speakers or ()) > 1 else self.speakers[0] if self.speakers else "everybody"
        return f"of {who} {self._place()}"

    def topic(self) -> str:
        return f"what is said {self._place()}"

    def _place(self) -> str:
        if (self.part, self.calls) == ("all", "all"):
            return "in the whole call"
        return f"{_PARTS.get(self.part, 'in')} {_CALLS[self.calls]}"

    @classmethod
    def suggest_where(cls, trial: BaseTrial, prefix: str, card: Card) -> dict[str, object]:
        """Draw speakers, part and calls."""
        drawn: dict[str, object] = {}
        if len(card.speakers) > 1:
            who = trial.suggest_categorical(f"{prefix}who", ["everybody", "each", *card.speakers])
            drawn["speakers"] = {"everybody": None, "each": card.speakers}.get(who, (who,))
        drawn["part"] = trial.suggest_categorical(f"{prefix}part", ["all", "first", "last"])
        if card.several_calls:
            drawn["calls"] = trial.suggest_categorical(f"{prefix}calls", ["all", "first", "last"])
        return drawn


def _number(speaker: str, card: Card) -> str:
    """1 or 2 for the two who speak most; a label may hold what a file name may not."""
    return str(card.speakers.index(speaker) + 1) if speaker in card.speakers else "other"


def place_in_call(turns: pd.DataFrame) -> np.ndarray:
    """Where each turn stands in its call, from 0 (the first) to below 1 (the last); shape (n_turns,)."""
    calls = turns.groupby(["case_id", "call"], sort=False)["position"]
    return (calls.cumcount() / calls.transform("size")).to_numpy()


def in_calls(turns: pd.DataFrame, calls: Part) -> np.ndarray:
    """Mask of the turns in the first or last call of their case, calls in the order that ingest gave; (n_turns,)."""
    import numpy as np

    if calls == "all":
        return np.ones(len(turns), dtype=bool)
    wanted = turns.groupby("case_id", sort=False)["call"].transform(calls)
    return (turns["call"] == wanted).to_numpy()


def in_part(turns: pd.DataFrame, part: Part, share: float, count: int | None = None) -> np.ndarray:
    """Mask of the turns in a part of their call; shape (n_turns,). Every call has at least one turn in each part.

    Parameters
    ----------
    turns : DataFrame
    part : "all", "first" or "last"
    share : float
        Share of a call's turns.
    count : int, optional
        Turns instead of a share.
    """
    calls = turns.groupby(["case_id", "call"], sort=False)["position"]
    number, size = calls.cumcount().to_numpy(), calls.transform("size").to_numpy()
    length = share * size if count is None else count
    if part == "first":
        return (number < length) | (number == 0)
    if part == "last":
        return (number >= size - length) | (number == size - 1)
    return number >= 0
