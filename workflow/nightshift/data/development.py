"""The files that `split` leaves, as the scripts read them. The holdout's labels are read by `verdict` alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from nightshift.data.split import Folds, Split
from nightshift.files import read_json
from nightshift.shards import rows_of
from nightshift.views.base import RawData


@dataclass(frozen=True)
class Development:
    """Labels and folds of the development cases.

    Attributes
    ----------
    case_ids : Series (n_cases,)
    y : int array (n_cases,)
    folds : Folds
    """

    case_ids: pd.Series
    y: np.ndarray
    folds: Folds


def labels_frame(keys: pd.DataFrame, rows: np.ndarray, groups: np.ndarray) -> pd.DataFrame:
    """case_id, target and group code of some rows."""
    part = keys.iloc[rows]
    return pd.DataFrame({"case_id": part["case_id"].to_numpy(), "target": part["target"].to_numpy(), "group": groups})


def folds_frame(keys: pd.DataFrame, split: Split) -> pd.DataFrame:
    """case_id, target, group code and the fold in each repeat: all that judging on development cases needs."""
    frame = labels_frame(keys, split.development, split.folds.groups)
    for repeat in range(split.folds.repeats):
        frame[f"fold_{repeat}"] = split.folds.assignment[:, repeat]
    return frame


def read_development(folder: str | Path) -> Development:
    """Read results/data/development."""
    frame = pd.read_parquet(Path(folder, "folds.parquet"))
    forward = read_json(Path(folder, "..", "split.json"))["scheme"] == "forward"
    assignment = frame[[name for name in frame if name.startswith("fold_")]].to_numpy()
    folds = Folds(assignment, forward, frame["group"].to_numpy())
    return Development(frame["case_id"], frame["target"].to_numpy(), folds)


def read_raw(folder: str | Path, shard: str | None = None) -> RawData:
    """Read cases and turns of results/data/development or results/data/holdout; of a shard only its own."""
    kinds = read_json(Path(folder, "..", "card.json"))["columns"]
    cases, wanted = pd.read_parquet(Path(folder, "cases.parquet")), None
    if shard is not None:
        cases = cases.iloc[rows_of(shard, len(cases))].reset_index(drop=True)
        wanted = [("case_id", "in", set(cases["case_id"]))]
    return RawData(cases, pd.read_parquet(Path(folder, "turns.parquet"), filters=wanted), kinds)
