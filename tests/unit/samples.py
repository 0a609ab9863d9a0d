"""A small data set made in memory: table, turns, labels, folds."""

import numpy as np
import pandas as pd

from nightshift.data.split import Folds
from nightshift.views import RawData

KINDS = {"size": "numeric", "vip": "boolean", "opened": "datetime", "industry": "category", "note": "text"}
WORDS = np.array(["budget", "price", "contract", "happy", "worried", "later", "soon", "team", "legal", "pilot"])


def make_raw(n: int = 120, seed: int = 0, timed: bool = True) -> RawData:
    """`n` cases with 0 to 2 calls of 3 to 8 turns; some values are missing."""
    rng = np.random.default_rng(seed)
    cases = pd.DataFrame(
        {
            "case_id": [f"c{i}" for i in range(n)],
            "size": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "vip": rng.integers(0, 2, n).astype(float),
            "opened": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D"),
            "industry": pd.Series(rng.choice(["a", "b", "c"], n)).where(rng.random(n) > 0.1),
            "note": rng.choice(["likes the offer a lot", "no answer"], n),
        }
    )
    rows = []
    for case in cases["case_id"]:
        for call in range(rng.integers(0, 3)):
            clock = 0.0
            for position in range(rng.integers(3, 9)):
                start = clock + float(rng.normal(0.5, 1.0)) if position else 0.0
                clock = max(start, 0) + float(rng.uniform(1, 6))
                said = " ".join(rng.choice(WORDS, rng.integers(2, 9))) + str(rng.choice(["?", ".", "!", " 12"]))
                speaker = str(rng.choice(["customer", "agent"]))
                day = pd.Timestamp("2025-03-01") + pd.Timedelta(days=int(rng.integers(0, 40)))
                times = (max(start, 0), clock, day) if timed else (np.nan, np.nan, pd.NaT)
                rows.append((case, str(call), position, speaker, said, *times))
    columns = ["case_id", "call", "position", "speaker", "text", "start", "end", "time"]
    turns = pd.DataFrame(rows, columns=columns)
    turns["time"] = pd.to_datetime(turns["time"])
    return RawData(cases, turns, KINDS)


def make_keys(n: int, seed: int = 0, groups: int | None = None, timed: bool = False, rate: float = 0.4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "case_id": [f"c{i}" for i in range(n)],
            "target": (rng.random(n) < rate).astype(int),
            "group": [f"g{g}" for g in rng.integers(0, groups, n)] if groups else None,
            "time": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, n, n), unit="D") if timed else pd.NaT,
            "split": None,
        }
    )


def make_folds(n: int, folds: int = 4, repeats: int = 1, seed: int = 0) -> Folds:
    """Plain random folds over `n` cases without groups."""
    rng = np.random.default_rng(seed)
    assignment = np.stack([rng.permutation(np.arange(n) % folds) for _ in range(repeats)], axis=1)
    return Folds(assignment, False, np.arange(n))
