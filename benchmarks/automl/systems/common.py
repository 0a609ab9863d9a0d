"""What the other systems get: the table's columns, and the transcripts as texts, whole and by speaker."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pandas as pd

NOT_FEATURES = ["case_id", "group"]
TEXTS = "said"


class Task(NamedTuple):
    """What a system is called with: `SYSTEM SECONDS CORES` in the folder of a cell."""

    system: str
    seconds: int
    cores: int
    train: pd.DataFrame
    y: pd.Series
    test: pd.DataFrame
    test_ids: pd.Series
    groups: pd.Series | None

    @property
    def texts(self) -> list[str]:
        return [name for name in self.train if name.startswith(TEXTS)]


def read_task() -> Task:
    system, seconds, cores = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    train, test = (pd.read_csv(name, dtype={"case_id": str}) for name in ("train.csv", "test.csv"))
    if Path("transcripts.jsonl").exists():
        texts = transcripts_as_texts(Path("transcripts.jsonl"))
        train, test = (frame.join(texts, on="case_id") for frame in (train, test))
        said = [name for name in train if name.startswith(TEXTS)]
        train[said], test[said] = train[said].fillna(""), test[said].fillna("")
    features = [name for name in test if name not in NOT_FEATURES]
    groups = train.get("group")
    return Task(system, seconds, cores, train[features], train["target"], test[features], test["case_id"], groups)


def transcripts_as_texts(path: Path) -> pd.DataFrame:
    """One row a case: all that is said, and what each of the two most frequent speakers says."""
    turns = pd.read_json(path, lines=True, dtype={"case_id": str})
    turns["text"] = turns["text"].astype(str)
    columns = {TEXTS: turns.groupby("case_id")["text"].agg(" ".join)}
    if "speaker" in turns:
        for speaker in turns["speaker"].value_counts().index[:2]:
            own = turns[turns["speaker"] == speaker]
            columns[f"{TEXTS}_{speaker}"] = own.groupby("case_id")["text"].agg(" ".join)
    return pd.DataFrame(columns)


@contextlib.contextmanager
def stopwatch() -> Iterator[dict[str, float]]:
    """Filled at the end: fit_s by the clock."""
    took: dict[str, float] = {}
    start = time.monotonic()
    yield took
    took["fit_s"] = time.monotonic() - start


def write_answer(ids: pd.Series, probability, fit: dict[str, float], predict_s: float, *libraries: str, **told) -> None:
    """Write predictions.csv and told.json (validation_auc, stages and what else `told` has)."""
    pd.DataFrame({"case_id": ids, "probability": probability}).to_csv("predictions.csv", index=False)
    told |= fit | {"predict_ms": 1000 * predict_s / len(ids), "versions": {name: version(name) for name in libraries}}
    Path("told.json").write_text(json.dumps(told))
