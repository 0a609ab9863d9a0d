"""The demo: deals of a made-up company whose chance of being won is known, because it was made up too.

One XGBoost finds little in the CRM columns and drowns when it gets all words of the calls; separate models of what the
customer says, how the call ends, how people talk and what the CRM says, under a stack, find much of what is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from nightshift.demo.book import CASTS
from nightshift.demo.calls import draw_turns
from nightshift.demo.crm import make_crm
from nightshift.demo.latent import auc, best_auc, chance, draw_levers
from nightshift.demo.readme import about
from nightshift.demo.script import to_frame
from nightshift.demo.signals import balance, measure
from nightshift.errors import InputError, Problem
from nightshift.files import replacing

DEALS_AN_ACCOUNT = 3
_CHUNK = 2_000 * DEALS_AN_ACCOUNT  # deals made at a time: bounds memory; another number makes other deals
_LIMITS = (100, 1_000_000)


@dataclass(frozen=True)
class Demo:
    """Deals, the turns of their calls, and what is true of them.

    Attributes
    ----------
    cases : one row a deal
    turns : one row a turn
    probability : the chance of each deal from which `won` was drawn, (n_deals,)
    bayes_auc : the best AUC to be expected on these deals, that of who knows their chances
    """

    cases: pd.DataFrame
    turns: pd.DataFrame
    probability: np.ndarray
    bayes_auc: float


def generate(n: int = 1200, seed: int = 0) -> Demo:
    """Make `n` deals (100 to 1,000,000) in memory; the same for the same `n` and `seed`.

    Raises
    ------
    InputError
        When `n` or `seed` is out of range.
    """
    cases, turns, probability = zip(*_chunks(n, seed), strict=True)
    chances = np.concatenate(probability)
    return Demo(pd.concat(cases, ignore_index=True), pd.concat(turns, ignore_index=True), chances, best_auc(chances))


def write(folder: str | Path, n: int = 1200, seed: int = 0) -> float:
    """Write cases.csv, transcripts.jsonl and README.md into `folder`, chunk by chunk; returns the best possible AUC.

    Raises
    ------
    InputError
        When `n` or `seed` is out of range.
    """
    folder = Path(folder)
    won, probability = [], []
    with (
        replacing(folder / "cases.csv") as cases,
        replacing(folder / "transcripts.jsonl") as transcripts,
        cases.open("w", encoding="utf-8", newline="") as rows,
        transcripts.open("w", encoding="utf-8", newline="") as lines,
    ):
        for frame, turns, chances in _chunks(n, seed):
            frame.to_csv(rows, index=False, header=not won, lineterminator="\n")
            lines.writelines(_json_lines(turns))
            won.append(frame["won"].to_numpy())
            probability.append(chances)
    chances = np.concatenate(probability)
    best = best_auc(chances)
    with replacing(folder / "README.md") as readme:
        page = about(n, -(-n // DEALS_AN_ACCOUNT), seed, best, auc(np.concatenate(won), chances))
        readme.write_text(page, encoding="utf-8", newline="")
    print(f"{n:,} deals written to {folder}; who knew the true chance of each would reach AUC {best:.4f}")
    return best


def _json_lines(turns: pd.DataFrame) -> Iterator[str]:
    names = list(turns.columns)
    for values in zip(*(turns[name].tolist() for name in names), strict=True):
        yield json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False) + "\n"


def _chunks(n: int, seed: int) -> Iterator[tuple[pd.DataFrame, pd.DataFrame, np.ndarray]]:
    if not _LIMITS[0] <= n <= _LIMITS[1]:
        raise InputError([Problem(f"demo.n is {n}", f"choose a number from {_LIMITS[0]:,} to {_LIMITS[1]:,}")])
    if seed < 0:
        raise InputError([Problem(f"demo.seed is {seed}", "choose 0 or a larger number")])
    for number, first in enumerate(range(0, n, _CHUNK)):
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number])))
        yield _chunk(first, min(_CHUNK, n - first), rng)


def _chunk(first: int, n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Deals `first` to `first + n - 1`; a chunk begins with a new account."""
    account = np.arange(n) // DEALS_AN_ACCOUNT
    cast = rng.integers(0, CASTS, account[-1] + 1)[account]
    levers = draw_levers(account, rng)
    columns, effect = make_crm(account, cast, rng)
    turns = draw_turns(levers, cast, rng)
    shown = measure(turns, n)
    chances = chance({**shown, "crm": effect, "balance": balance(shown["talk"]), "account": levers.account})
    ids = np.array([f"D{number:07d}" for number in range(first, first + n)], dtype=object)
    cases = pd.DataFrame(
        {
            "deal_id": ids,
            "account": [f"A{number:06d}" for number in account + first // DEALS_AN_ACCOUNT],
            **columns,
            "won": (rng.random(n) < chances).astype(np.int64),
        }
    )
    created = cases["created"].to_numpy().astype("datetime64[D]")
    return cases, to_frame(turns, ids, created, cast, rng), chances
