"""The verdict: the one opening of the holdout, in figures and in two sentences."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nightshift.files import digest_of, read_json, write_json
from nightshift.metrics import Estimate, auc_interval, cross_validated, p_value, z_score

OPENINGS = ".nightshift/openings"


@dataclass(frozen=True)
class Candidate:
    """An experiment before the holdout: its name, its cv_auc and its calibrated logits for the holdout's cases."""

    experiment: str
    cv_auc: float
    logits: np.ndarray


def make_verdict(
    champion: Candidate, baseline: Candidate | None, y: np.ndarray, groups: np.ndarray, openings: int
) -> dict[str, Any]:
    """Compare champion and baseline on the holdout.

    Parameters
    ----------
    champion : Candidate
    baseline : Candidate or None
        None when exp-0000 crashed: there is a verdict on signal, and none on gain.
    y : int array (n_holdout,)
    groups : int array (n_holdout,)
        Cases of one group count as one observation in every error.
    openings : int
        How often cases of this holdout have been looked at, this time included; the first alone is confirmatory.

    Returns
    -------
    dict : content of results/verdict.json
    """
    best = auc_of(y, champion.logits)
    verdict: dict[str, Any] = {
        "champion": _side(champion, best, groups),
        "baseline": None,
        "delta": None,
        "delta_low": None,
        "delta_high": None,
        "p_value": None,
        "optimism": champion.cv_auc - best.value,
        "optimism_of_selection": None,
        "n_holdout": len(y),
        "n_positive": int(y.sum()),
        "openings": openings,
        "confirmatory": openings == 1,
    }
    if baseline is not None:
        first = auc_of(y, baseline.logits)
        difference = best.minus(first)
        error = difference.error(groups)
        verdict |= {
            "baseline": _side(baseline, first, groups),
            "delta": difference.value,
            "delta_low": difference.value - 1.959964 * error,
            "delta_high": difference.value + 1.959964 * error,
            "p_value": p_value(z_score(difference.value, error)),
            # The mean of fold models flatters a holdout; what selection cost is the difference of the two gaps.
            "optimism_of_selection": (champion.cv_auc - best.value) - (baseline.cv_auc - first.value),
        }
    verdict["sentence"] = sentence(verdict)
    return verdict


def auc_of(y: np.ndarray, logits: np.ndarray) -> Estimate:
    """AUC of the holdout as one fold."""
    return cross_validated("roc_auc", y, logits[:, None], np.zeros((len(y), 1), dtype=int))


def _side(candidate: Candidate, estimate: Estimate, groups: np.ndarray) -> dict[str, Any]:
    error = estimate.error(groups)
    low, high = auc_interval(estimate.value, error)
    return {
        "experiment": candidate.experiment,
        "holdout_auc": estimate.value,
        "holdout_se": error,
        "ci_low": low,
        "ci_high": high,
        "cv_auc": candidate.cv_auc,
    }


def sentence(verdict: dict[str, Any]) -> str:
    """Two sentences: is there signal, and is there a gain over one XGBoost."""
    champion = verdict["champion"]
    figures = (
        f"AUC {champion['holdout_auc']:.3f} (95 % CI {champion['ci_low']:.3f} to {champion['ci_high']:.3f}) "
        f"on {verdict['n_holdout']} cases that no experiment saw"
    )
    if champion["ci_low"] > 0.5:
        signal = f"There is signal: the champion {champion['experiment']} reaches {figures}."
    else:
        signal = f"There is no evidence of signal: the champion {champion['experiment']} reaches {figures}, and chance is 0.5."
    told = f"{signal} {_gain(verdict)}"
    if not verdict["confirmatory"]:
        told += (
            f" This is opening {verdict['openings']} of a holdout with these cases, so read it as exploratory:"
            " only a first opening confirms."
        )
    return told


def _gain(verdict: dict[str, Any]) -> str:
    if verdict["baseline"] is None:
        return "The baseline crashed, so there is nothing to compare the champion with."
    if verdict["champion"]["experiment"] == verdict["baseline"]["experiment"]:
        return "No experiment beat the baseline, one XGBoost on everything."
    figures = (
        f"{verdict['delta']:+.3f} against one XGBoost on everything (AUC {verdict['baseline']['holdout_auc']:.3f}), "
        f"95 % CI {verdict['delta_low']:+.3f} to {verdict['delta_high']:+.3f}, p = {verdict['p_value']:.2g}"
    )
    if verdict["champion"]["ci_low"] <= 0.5:
        return f"Without signal a difference means little: {figures}."
    if verdict["delta_low"] > 0:
        return f"There is a gain: {figures}."
    if verdict["delta_high"] < 0:
        return f"It is worse than the baseline: {figures}."
    return f"A gain is not shown: {figures}; a holdout of this size may not see it."


def count_opening(case_ids: pd.Series, identity: str, ledger_digest: str, root: Path = Path()) -> int:
    """Count this opening of the holdout among all that shared a case with it, and remember it.

    Kept outside results/, so that deleting results does not make an opened holdout fresh. The same ledger of the same
    night opened again (after a kill, say) is the same opening.

    Returns
    -------
    int : 1 for the first
    """
    hashes = sorted(hashlib.sha256(case.encode()).hexdigest()[:12] for case in case_ids)
    name = digest_of([identity, ledger_digest])
    folder = root / OPENINGS
    earlier = {path.stem: read_json(path) for path in folder.glob("*.json")}
    if name in earlier:
        return earlier[name]["number"]
    shared = [opening for opening in earlier.values() if not set(hashes).isdisjoint(opening["cases"])]
    number = 1 + len(shared)
    opened_at = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(
        folder / f"{name}.json", {"number": number, "opened_at": opened_at, "identity": identity, "cases": hashes}
    )
    return number
