"""What agent.mask and agent.mask_names hide in all that the night's conversations with a model say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nightshift.config_agent import Agent
from nightshift.llm.privacy import Mask

_CASES = "results/data/development/cases.parquet"


def hiding(agent: Agent, root: str | Path = ".") -> Callable[[str], str]:
    """A function that masks a text, with the names of all development cases; texts stay as they are where nothing is to be
    masked.

    The columns of `agent.mask_names` that the cases lack are no matter here: views that send transcripts refuse them.
    """
    if not (agent.mask or agent.mask_names):
        return str
    return Mask(_names(agent, Path(root)))


def _names(agent: Agent, root: Path) -> set[str]:
    place = root / _CASES
    if not agent.mask_names or not place.exists():
        return set()
    import pandas as pd
    import pyarrow.parquet as pq

    known = [name for name in agent.mask_names if name in pq.read_schema(place).names]
    cases = pd.read_parquet(place, columns=known)
    return {str(value) for name in known for value in cases[name].dropna().unique()}
