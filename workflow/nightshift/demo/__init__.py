"""The demo: deals of a made-up company whose chance of being won is known, because it was made up too.

One XGBoost finds little in the CRM columns and drowns when it gets all words of the calls; separate models of what the
customer says, how people talk and what the CRM says, under a stack, find much of what is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from nightshift.demo.calls import make_turns
from nightshift.demo.crm import DEALS_AN_ACCOUNT, Truth, make_deals
from nightshift.errors import InputError, Problem
from nightshift.files import replacing

_CHUNK = 3_000 * DEALS_AN_ACCOUNT
_LIMITS = (100, 1_000_000)


@dataclass(frozen=True)
class Demo:
    """Deals, the turns of their calls, the chance of each deal, and the AUC of who knows these chances."""

    cases: pd.DataFrame
    turns: pd.DataFrame
    probability: np.ndarray
    bayes_auc: float


def generate(n: int = 1200, seed: int = 0) -> Demo:
    """Make `n` deals (100 to 1,000,000) in memory; the same bytes for the same `n` and `seed`.

    Raises
    ------
    InputError
        When `n` is out of range.
    """
    parts = [(frame, list(turns), truth) for frame, turns, truth in _chunks(n, seed)]
    probability = np.concatenate([truth.probability for *_, truth in parts])
    cases = pd.concat([frame for frame, *_ in parts], ignore_index=True)
    turns = pd.DataFrame([turn for _, part, _ in parts for turn in part])
    return Demo(cases, turns, probability, _auc(cases["won"].to_numpy(), probability))


def write(folder: str | Path, n: int = 1200, seed: int = 0) -> float:
    """Write cases.csv, transcripts.jsonl and README.md into `folder`, chunk by chunk; returns the best possible AUC."""
    folder = Path(folder)
    won, probability = [], []
    with replacing(folder / "cases.csv") as cases, replacing(folder / "transcripts.jsonl") as transcripts:
        with cases.open("w", encoding="utf-8", newline="") as rows, transcripts.open("w", encoding="utf-8") as lines:
            for frame, turns, truth in _chunks(n, seed):
                frame.to_csv(rows, index=False, header=not won, lineterminator="\n")
                lines.writelines(json.dumps(turn, ensure_ascii=False) + "\n" for turn in turns)
                won.append(truth.won)
                probability.append(truth.probability)
    best = _auc(np.concatenate(won), np.concatenate(probability))
    with replacing(folder / "README.md") as readme:
        readme.write_text(_about(n, seed, best), encoding="utf-8")
    print(f"{n} deals written to {folder}; who knew the true chance of each would reach AUC {best:.4f}")
    return best


def _chunks(n: int, seed: int) -> Iterator[tuple[pd.DataFrame, Iterator[dict], Truth]]:
    if not _LIMITS[0] <= n <= _LIMITS[1]:
        raise InputError([Problem(f"demo.n is {n}", f"choose a number from {_LIMITS[0]:,} to {_LIMITS[1]:,}")])
    for number, first in enumerate(range(0, n, _CHUNK)):
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number])))
        frame, truth = make_deals(min(_CHUNK, n - first), first, rng)
        created = frame["created"].to_numpy().astype("datetime64[D]")
        yield frame, make_turns(frame["deal_id"].tolist(), created, truth, rng), truth


def _auc(won: np.ndarray, scores: np.ndarray) -> float:
    positive = won == 1
    m = int(positive.sum())
    return float((rankdata(scores)[positive].sum() - m * (m + 1) / 2) / (m * (len(won) - m)))


def _about(n: int, seed: int, best: float) -> str:
    return f"""# Demo data

{n:,} made-up deals of {-(-n // DEALS_AN_ACCOUNT):,} accounts, seed {seed}, by `nightshift demo`. Nothing in it is real.

- `cases.csv`: one deal a row: `deal_id`, `account` (deals of one account belong together), CRM columns, `won` (0 or 1).
- `transcripts.jsonl`: one turn a line: `deal_id`, `call`, `turn`, `speaker` (rep or customer), `text`, `start` and `end`
  in seconds, `time` of the call. Some deals have no call.

The chance of each deal was made from four things: its CRM columns, how warm the customer's words are (most clearly at the
end of calls), the rhythm of the conversation, and its account. Who knew all four exactly would reach **AUC {best:.4f}**: no model can do
better than that on average, and one that claims much more is wrong.
"""
