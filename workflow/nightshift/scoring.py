"""Scoring an experiment: its metrics, its status in the ledger, and the curves that people look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from nightshift.config import Search
from nightshift.data.development import Development
from nightshift.decide import Comparison, decide
from nightshift.experiment import read_experiment
from nightshift.files import read_json
from nightshift.metrics import Estimate, cross_validated, describe
from nightshift.names import name_of, number_of

CURVES = {
    "roc": ["fpr", "tpr"],
    "gain": ["share", "gain"],
    "calibration": ["predicted", "observed"],
}


@dataclass(frozen=True)
class Measured:
    """Out-of-fold scores of an experiment and what they amount to."""

    scores: np.ndarray
    auc: Estimate
    metric: Estimate


def measure(scores: np.ndarray, development: Development, metric: str) -> Measured:
    """Measure calibrated logits (n_cases, repeats); NaN where a base has no say leaves the case out."""
    y, of = development.y, np.where(np.isfinite(scores), development.folds.assignment, -1)
    auc = cross_validated("roc_auc", y, scores, of)
    return Measured(scores, auc, auc if metric == "roc_auc" else cross_validated(metric, y, scores, of))


def read_scores(path: str | Path) -> np.ndarray:
    """Scores (n_cases, repeats) of an oof.parquet."""
    return pd.read_parquet(path).drop(columns="case_id").to_numpy()


def write_scores(path: str | Path, scores: np.ndarray, case_ids: pd.Series) -> None:
    frame = pd.DataFrame({"case_id": case_ids.to_numpy()})
    for repeat in range(scores.shape[1]):
        frame[f"repeat_{repeat}"] = scores[:, repeat]
    frame.to_parquet(path, compression="zstd", index=False)


def metrics_of(measured: Measured, development: Development) -> dict[str, Any]:
    """What an experiment's metrics.json and details.json say of its predictions; keys in DESIGN.md's words."""
    predicted = np.isfinite(measured.scores).all(axis=1)
    pooled = measured.scores[predicted].mean(axis=1)
    return {
        "cv_auc": measured.auc.value,
        "cv_se": measured.auc.error(development.folds.groups),
        "cv_metric": measured.metric.value,
        "per_fold_auc": measured.auc.per_fold,
        "n_cases": int(predicted.sum()),
        **describe(development.y[predicted], pooled),
    }


def judge(
    measured: Measured,
    n_bases: int,
    before: dict[str, Any],
    development: Development,
    search: Search,
    experiments: Path,
    tried: int | None = None,
) -> dict[str, Any]:
    """Status of an experiment and the champion after it.

    Parameters
    ----------
    measured : Measured
    n_bases : int
    before : dict
        `champion` and `best` (ids or None) after the experiment before, from its metrics.json.
    development : Development
    search : Search
    experiments : folder that holds the earlier experiments
    tried : of an experiment that steadies the champion, how many there are before it
    """
    champion, best = _to_beat(before.get("champion"), experiments), before.get("best")
    groups = development.folds.groups

    def against(other: str | None) -> Comparison | None:
        if other is None:
            return None
        theirs = measure(read_scores(experiments / other / "oof.parquet"), development, search.metric)
        difference = measured.metric.minus(theirs.metric)
        return Comparison(difference.value, difference.error(groups))

    to_champion = against(champion)
    to_best = to_champion if best == champion else against(best)
    champion_bases = read_json(experiments / champion / "metrics.json")["n_bases"] if champion else 0
    status, reason = decide(to_champion, to_best, n_bases, champion_bases, search.keep, tried)
    if champion != before.get("champion"):
        reason += f", beside {champion}, which is ahead of {before['champion']}"
    return {
        "status": status,
        "reason": reason,
        "delta": to_champion.delta if to_champion else None,
        "delta_se": to_champion.error if to_champion else None,
        "z": to_champion.z if to_champion else None,
        "is_best": to_best is None or to_best.delta > 0,
    }


def _to_beat(champion: str | None, experiments: Path) -> str | None:
    """The champion, or the one before it where it was kept as the steadier one though it is behind: what was forgiven to that is
    forgiven once, and lowers no bar for what is tried after it."""
    while champion and read_experiment(experiments / champion / "experiment.yaml").steady:
        if read_json(experiments / champion / "metrics.json")["delta"] > 0:
            break
        champion = read_json(experiments / name_of(number_of(champion) - 1) / "metrics.json")["champion"]
    return champion


def curves(y: np.ndarray, scores: np.ndarray, points: int = 101) -> dict[str, pd.DataFrame]:
    """ROC, gain and calibration of calibrated logits, thinned to `points` rows; columns as in `CURVES`."""
    order = np.argsort(-scores, kind="stable")
    hits = np.concatenate([[0], np.cumsum(y[order])])
    misses = np.arange(len(hits)) - hits
    at = np.unique(np.linspace(0, len(y), points).round().astype(int))
    roc = {"fpr": misses[at] / misses[-1], "tpr": hits[at] / hits[-1]}
    gain = {"share": at / len(y), "gain": hits[at] / hits[-1]}
    tenths = [rows for rows in np.array_split(order[::-1], 10) if len(rows)]
    calibration = {
        "predicted": [float(expit(scores[rows]).mean()) for rows in tenths],
        "observed": [float(y[rows].mean()) for rows in tenths],
    }
    return {
        name: pd.DataFrame(content) for name, content in (("roc", roc), ("gain", gain), ("calibration", calibration))
    }
