"""Helpers over the table of turns that several views share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Part = Literal["all", "first", "last"]


def place_in_call(turns: pd.DataFrame) -> np.ndarray:
    """Where each turn stands in its call, from 0 (the first) to below 1 (the last); shape (n_turns,)."""
    calls = turns.groupby(["case_id", "call"], sort=False)["position"]
    return (calls.cumcount() / calls.transform("size")).to_numpy()


def in_part(turns: pd.DataFrame, part: Part, share: float) -> np.ndarray:
    """Mask of the turns in a part of their call; shape (n_turns,). Every call has at least one turn in each part."""
    calls = turns.groupby(["case_id", "call"], sort=False)["position"]
    number, size = calls.cumcount().to_numpy(), calls.transform("size").to_numpy()
    if part == "first":
        return (number < share * size) | (number == 0)
    if part == "last":
        return (number >= (1 - share) * size) | (number == size - 1)
    return number >= 0
