"""The targets of the comparison, each with what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pandas as pd
from automl.compare import TABULAR, TWINS, Difference, paired, together
from tables import hits, hits_by_seconds, tables, with_transcripts

OURS, RIVAL = "nightshift", "autogluon_best"


class Target(NamedTuple):
    """`met` is None where nothing was measured; `few`: by one fold of a set."""

    words: str
    measured: str
    met: bool | None
    few: bool = False

    def row(self) -> tuple[str, str, str]:
        verdict = {True: "met", False: "missed", None: "not measured"}[self.met]
        return self.words, self.measured, f"{verdict} so far" if self.few else verdict


def of_comparison(cells: pd.DataFrame) -> Iterator[Target]:
    """Against AutoGluon and the single XGBoost."""
    for seconds, margin in ((300, 0.020), (60, 0.010)):
        found = together(with_transcripts(paired(cells, f"{OURS}-{seconds}", f"{RIVAL}-{seconds}")))
        words = f"AUC above AutoGluon best_quality by {margin:.3f} at {seconds} s, mean over sets with transcripts"
        yield _over(words, found, margin)
    for seconds in (300, 60):
        found = together(tables(paired(cells, f"{OURS}-{seconds}", f"{RIVAL}-{seconds}")))
        yield _over(f"AUC no worse than 0.003 below it on tables alone, {seconds} s", found, -0.003)
    for seconds in (300, 60):
        yield _never_below_xgboost(cells, seconds)
        yield _optimism(cells, seconds)
        found = together(paired(cells, f"{OURS}-{seconds}", f"{RIVAL}-{seconds}", "log_loss"))
        words = f"Log loss no worse than AutoGluon's, {seconds} s"
        yield _judged(words, found, lambda mean: mean <= 0)
    first = cells[(cells["system"] == OURS) & ~cells["set"].isin(TABULAR) & cells["n_train"].between(700, 1100)]
    slowest = first["first_stack_s"].max()
    words = "First stack within 60 s on 1,000 cases"
    yield Target(words, "" if first.empty else f"{slowest:.0f} s at the latest", None if first.empty else slowest <= 60)


def _over(words: str, found: Difference | None, margin: float) -> Target:
    return _judged(words, found, lambda mean: mean >= margin)


def _judged(words: str, found: Difference | None, good: Callable[[float], bool]) -> Target:
    return Target(words, "", None) if found is None else Target(words, str(found), good(found.mean), found.unbounded)


def _never_below_xgboost(cells: pd.DataFrame, seconds: int) -> Target:
    words = f"Never below the single XGBoost by more than noise, {seconds} s"
    found = paired(cells, f"{OURS}-{seconds}", "xgboost-free")
    if not found:
        return Target(words, "", None)
    # One fold has no interval: then its sign decides.
    below = {name: one for name, one in found.items() if (one.mean if one.unbounded else one.high) < 0}
    name, worst = min((below or found).items(), key=lambda item: item[1].mean)
    return Target(words, f"worst on {name}: {worst}", not below, worst.unbounded)


def optimism(cells: pd.DataFrame, label: str) -> pd.DataFrame:
    """Own validation less test by set, mean over folds; columns `own` and, of nightshift, its `baseline`."""
    ours = cells[cells["label"] == label]
    gaps = {
        "own": ours["validation_auc"] - ours["auc"],
        "baseline": ours["baseline_validation_auc"] - ours["baseline_auc"],
    }
    return pd.DataFrame(gaps).groupby(ours["set"]).mean()


def _optimism(cells: pd.DataFrame, seconds: int) -> Target:
    words = f"Optimism of the champion's cv_auc (own validation - test) at most 0.010, mean over sets, {seconds} s"
    rows = cells[(cells["system"] == OURS) & (cells["seconds"] == seconds)]
    if rows.empty:
        return Target(words, "", None)
    own, baseline = optimism(rows, f"{OURS}-{seconds}").mean()
    theirs = optimism(cells[cells["set"].isin(set(rows["set"]))], f"{RIVAL}-{seconds}")["own"]
    few = bool(rows.groupby("set")["fold"].count().min() == 1)
    beside = (
        f"less that of its baseline, {baseline:+.4f}: {own - baseline:+.4f}; AutoGluon {theirs.mean():+.4f}, without {TWINS} "
        f"{theirs.drop(TWINS, errors='ignore').mean():+.4f}{', one fold of a set' if few else ''}"
    )
    return Target(words, f"{own:+.4f} ({beside})", own <= 0.010, few)


def of_nights(nights: pd.DataFrame) -> Iterator[Target]:
    """Overhead, speed and memory."""
    for name, size, goal in (("persuasion_for_good", 24, 0.80), ("demo-10000", 24, 0.90)):
        words = f"Efficiency at least {goal:.2f} on {name}, {size} experiments"
        every = nights[(nights["set"] == name) & (nights["experiments"] == size)]["efficiency"]
        yield Target(words, _efficiency(every), None if every.empty else bool(every.mean() >= goal))
    night = _night(nights, "persuasion_for_good", 165)
    words = "165 experiments on 1,000 cases in 15 minutes on 2 cores"
    told = "" if night is None else f"{night.wall_s / 60:.1f} minutes (commit {night.commit})"
    yield Target(words, told, night and bool(night.wall_s <= 900))
    words = "Cache hits over such a night at least 0.6"
    told = "" if night is None else f"{hits(night):.2f} of files, {hits_by_seconds(night):.2f} of seconds"
    yield Target(words, told, night and bool(min(hits(night), hits_by_seconds(night)) >= 0.6))
    night = _night(nights, "demo-100000", 4)
    words = "Peak memory of a night on 100,000 cases x 30 turns at most 12 GB"
    told = (
        ""
        if night is None
        else f"{night.memory_mb / 1024:.1f} GB, {night.experiments} experiments (commit {night.commit})"
    )
    yield Target(words, told, night and bool(night.memory_mb <= 12 * 1024))


def _efficiency(every: pd.Series) -> str:
    if every.empty:
        return ""
    seeds = f" (mean of {len(every)} split seeds, {every.min():.2f} to {every.max():.2f})" if len(every) > 1 else ""
    return f"{every.mean():.2f}{seeds}"


def _night(nights: pd.DataFrame, name: str, experiments: int):
    """The recorded night of split seed 0, or the unrecorded one where that is all there is; None without any."""
    rows = nights[(nights["set"] == name) & (nights["experiments"] == experiments) & (nights["seed"] == 0)]
    return next(rows.sort_values("record", ascending=False).itertuples(), None)
