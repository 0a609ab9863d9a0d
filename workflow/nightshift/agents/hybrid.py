"""Who proposes which experiment: the backends `search`, `llm` and `hybrid`."""

from __future__ import annotations

from math import floor
from typing import Literal

Backend = Literal["search", "llm", "hybrid"]


def turn_of_model(number: int, backend: Backend, share: float) -> bool:
    """Whether experiment `number` is the model's. The baseline is nobody's; hybrid spreads the model's share evenly, so
    that a longer night begins like a shorter one."""
    if backend == "search" or number == 0:
        return False
    if backend == "llm":
        return True
    return floor(round(number * share, 9)) > floor(round((number - 1) * share, 9))
