"""The ladder: what each step from one model to the night's champion is worth, on the same folds and the same holdout.

Rungs: XGBoost on the table; the same with all transcript features (the baseline, exp-0000); the same views with a model
each, stacked; the champion. Data without transcripts or without columns has fewer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nightshift.chain import measured_row, stack
from nightshift.config import Search
from nightshift.data.development import read_development
from nightshift.experiment import read_experiment
from nightshift.files import read_json, replacing, write_json
from nightshift.limits import Limits
from nightshift.metrics import auc_interval
from nightshift.names import DEVELOPMENT, EXPERIMENTS
from nightshift.rungs import BASELINE, WORDS
from nightshift.scoring import measure, read_scores
from nightshift.verdict import auc_of


def build_ladder(planned: str, target: str, search: Search, limits: Limits | None = None) -> None:
    """Stack and measure every rung of a planned ladder into folders like those of experiments."""
    development = read_development(DEVELOPMENT)
    with replacing(target) as ladder:
        ladder.mkdir()
        for source in sorted(Path(planned).glob("*/plan.json")):
            folder = ladder / source.parent.name
            experiment = read_experiment(source.parent / "experiment.yaml")
            experiment.write(folder / "experiment.yaml")
            write_json(folder / "plan.json", read_json(source))
            stack(
                str(folder / "experiment.yaml"),
                str(source),
                str(folder / "oof.parquet"),
                str(folder / "stack.json"),
                search.seed,
                limits,
            )
            row, measured = measured_row(folder, experiment, development, search)
            write_json(folder / "metrics.json", {**row, "status": "crash" if measured is None else "rung"})


def climbed(ladder: str | Path, champion: str) -> dict[str, Path]:
    """Folders of the rungs that ran through, from the lowest to the champion."""
    folders = {
        "table": Path(ladder, "table"),
        "everything": Path(EXPERIMENTS, BASELINE),
        "stacked": Path(ladder, "stacked"),
        "champion": Path(EXPERIMENTS, champion),
    }
    if champion == BASELINE:
        del folders["champion"]
    there = {rung: folder / "metrics.json" for rung, folder in folders.items() if (folder / "metrics.json").exists()}
    return {rung: path.parent for rung, path in there.items() if read_json(path)["status"] != "crash"}


def figures(
    folders: dict[str, Path], logits: dict[str, np.ndarray], y: np.ndarray, groups: np.ndarray
) -> list[dict[str, Any]]:
    """What each rung reaches, and its step up from the rung below, paired.

    Parameters
    ----------
    folders : rung -> folder, from `climbed`
    logits : rung -> float array (n_holdout,), calibrated logits of the holdout
    y, groups : int arrays (n_holdout,), labels of the holdout and codes of groups
    """
    development = read_development(DEVELOPMENT)
    rows: list[dict[str, Any]] = []
    below = None
    for rung, folder in folders.items():
        cv = measure(read_scores(folder / "oof.parquet"), development, "roc_auc").auc
        held = auc_of(y, logits[rung])
        low, high = auc_interval(held.value, held.error(groups))
        row = {"rung": rung, "what": WORDS[rung], "experiment": folder.name, "cv_auc": cv.value}
        row |= {"holdout_auc": held.value, "ci_low": low, "ci_high": high}
        if below is not None:
            cv_step, step = cv.minus(below[0]), held.minus(below[1])
            row |= {"cv_step": cv_step.value, "cv_step_se": cv_step.error(development.folds.groups)}
            row |= {"holdout_step": step.value, "holdout_step_se": step.error(groups)}
        rows.append(row)
        below = (cv, held)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """The ladder as a Markdown table."""
    lines = ["| rung | cv_auc | step | holdout_auc (95 % CI) | step |", "|---|---|---|---|---|"]
    for row in rows:
        steps = [
            f"{row[name]:+.3f} +- {row[f'{name}_se']:.3f}" if name in row else ""
            for name in ("cv_step", "holdout_step")
        ]
        held = f"{row['holdout_auc']:.3f} ({row['ci_low']:.3f} to {row['ci_high']:.3f})"
        lines.append(f"| {row['what']} | {row['cv_auc']:.3f} | {steps[0]} | {held} | {steps[1]} |")
    return "\n".join(lines)
