"""Transcripts as a model's server gets them: one text a case, in pieces, masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nightshift.config_agent import Agent
from nightshift.llm.privacy import masked
from nightshift.views.base import RawData

if TYPE_CHECKING:
    import pandas as pd


def texts_of(data: RawData, turns: pd.DataFrame, agent: Agent) -> list[list[str]]:
    """Lines ("speaker: what is said") of each case, in the order of `data.cases`; empty where nothing is said.

    Raises
    ------
    ValueError
        When agent.mask_names names a column that is not there.
    """
    _check_names(data, agent)
    lines: dict[str, list[str]] = {case: [] for case in data.cases["case_id"]}
    for case, who, said in zip(turns["case_id"], turns["speaker"], turns["text"], strict=True):
        if case in lines:
            lines[case].append(f"{who}: {said}" if isinstance(who, str) and who else str(said))
    if not (agent.mask or agent.mask_names):
        return list(lines.values())
    names = data.cases[list(agent.mask_names)]
    hidden = (
        masked("\n".join(said), [str(name) for name in names.iloc[row].dropna()]) if said else ""
        for row, said in enumerate(lines.values())
    )
    return [text.split("\n") if text else [] for text in hidden]


def pieces_of(lines: list[str], longest: int) -> list[str]:
    """Lines put together into texts of at most `longest` characters; a longer line is cut."""
    pieces: list[str] = []
    for line in lines:
        for start in range(0, max(1, len(line)), longest):
            part = line[start : start + longest]
            if pieces and len(pieces[-1]) + 1 + len(part) <= longest:
                pieces[-1] += f"\n{part}"
            else:
                pieces.append(part)
    return pieces


def masked_texts(data: RawData, turns: pd.DataFrame, agent: Agent) -> list[str]:
    """What is said in each turn, masked.

    Raises
    ------
    ValueError
        As `texts_of`.
    """
    _check_names(data, agent)
    texts = turns["text"].astype(str).tolist()
    if not (agent.mask or agent.mask_names):
        return texts
    columns = data.cases.set_index("case_id")[list(agent.mask_names)]
    names = {case: [str(name) for name in row.dropna()] for case, row in columns.iterrows()}
    return [masked(text, names.get(case, ())) for case, text in zip(turns["case_id"], texts, strict=True)]


def _check_names(data: RawData, agent: Agent) -> None:
    unknown = [name for name in agent.mask_names if name not in data.cases]
    if unknown:
        raise ValueError(f"agent.mask_names: there is no column {unknown[0]!r} among {', '.join(data.kinds)}")
