"""`make bench-results`: benchmarks/RESULTS.md from the tables that the benchmarks left.

Reads benchmarks/automl/cells.csv and stages.csv (`make bench-automl`), benchmarks/nights.csv (`make bench-nights`) and
benchmarks/cores.csv (`make bench-cores`), and benchmarks/automl/before.csv: the cells of nightshift that stood in cells.csv at commit
611384d, each by the older code that it names; its words are in RESULTS.md.j2. Nothing is measured here.
"""

from __future__ import annotations

from typing import Any

import jinja2
import pandas as pd
from anytime import draw
from automl.compare import MADE_UP, TWINS, Difference, corrected, paired, together, with_label
from forest import draw as draw_differences
from night import REPO, head_of
from tables import (
    cells_table,
    changes_table,
    cores_table,
    costs_table,
    differences_table,
    markdown,
    nights_table,
    scaling_table,
    spent_table,
    with_transcripts,
)
from targets import OURS, RIVAL, of_comparison, of_nights, optimism

HERE = REPO / "benchmarks"
TINY = "mibot_smoking"
HELD_OUT = 0.2  # share of the cases of a night's holdout
CHANGED = ("nightshift-60", "nightshift-300")
OTHERS = (
    "autogluon_best-{s}",
    "autogluon_grouped-{s}",
    "autogluon_good-{s}",
    "flaml-{s}",
    "stacking-free",
    "xgboost-free",
)


def context(cells: pd.DataFrame, before: pd.DataFrame, nights: pd.DataFrame, cores: pd.DataFrame) -> dict[str, Any]:
    """What RESULTS.md.j2 names."""
    targets = [*of_comparison(with_label(cells)), *of_nights(nights)]
    return {
        "head": head_of("Results", "make bench-automl bench-nights bench-results", 2),
        "targets": markdown(("target", "measured", ""), [target.row() for target in targets]),
        **about_cells(cells, before),
        **about_nights(nights),
        "cores": cores_table(cores),
        "cores_machine": f"{cores['cpus'].iloc[0]} cores, {cores['processor'].iloc[0]}",
        "slower": f"{costlier(cores):.0%}",
    }


def about_cells(cells: pd.DataFrame, before: pd.DataFrame) -> dict[str, Any]:
    """What it names of the comparison."""
    named, gaps = with_label(cells), optimism(with_label(cells), "nightshift-60")
    then_and_now = {label: (of(named, label), of(with_label(before), label)) for label in CHANGED}
    return {
        "cells": cells_table(named),
        "versions": [
            f"{system} by {', '.join(sorted(set(rows.dropna())))}"
            for system, rows in cells.groupby("system")["versions"]
        ],
        "summary": summary(named),
        "parts": parts(named),
        "own_baseline": own_baseline(named),
        "differences": list(differences(named)),
        "changed": {label: together(gains_since(*both)) for label, both in then_and_now.items()},
        "changes": {label: changes_table(*both) for label, both in then_and_now.items()},
        "promises": optimism(named, "nightshift-300")["own"].sort_values(ascending=False).to_dict(),
        "tiny": gaps.loc[TINY, "own"],
        "tiny_baseline": gaps.loc[TINY, "baseline"],
        "others": gaps["own"].drop(TINY).mean(),
        "lowest": gaps["own"].drop(TINY).min(),
        "highest": gaps["own"].drop(TINY).max(),
    }


def about_nights(nights: pd.DataFrame) -> dict[str, Any]:
    """What it names of whole nights."""
    seeds = nights[(nights["set"] == "persuasion_for_good") & (nights["experiments"] == 24)]
    night = next(seeds[seeds["seed"] == 0].itertuples())
    large = next(nights[nights["set"] == "demo-10000"].itertuples())
    return {
        "nights": nights_table(nights),
        "costs": costs_table(nights),
        "scaling": scaling_table(nights[nights["experiments"] >= 24]),
        "seeds": len(seeds),
        "gain": corrected(seeds["gain"], HELD_OUT / (1 - HELD_OUT)),
        "spent": spent_table([night, large]),
        "night": night,
        "large": large,
    }


def of(cells: pd.DataFrame, label: str) -> pd.DataFrame:
    """The cells of one system and time."""
    return cells[cells["label"] == label]


def gains_since(cells: pd.DataFrame, before: pd.DataFrame) -> dict[str, Difference]:
    """What the test AUC of one system gained by set, on the folds that were measured at both times."""
    return paired(pd.concat([cells.assign(label="now"), before.assign(label="before")]), "now", "before")


def costlier(cores: pd.DataFrame) -> float:
    """Processor time of the jobs of a night on eight cores over that on two, less one; the mean over sets and machines."""
    times = cores.pivot_table("job_cpu_s", ["set", "processor"], "cores")
    return (times[8] / times[2] - 1).mean()


def pairs() -> list[tuple[str, str]]:
    """Each time beside its rivals, and what more time is worth."""
    rivals = [(f"nightshift-{s}", other.format(s=s)) for s in (300, 60) for other in OTHERS]
    return [*rivals, ("nightshift-300", "nightshift-60"), ("autogluon_best-300", "autogluon_best-60")]


def summary(cells: pd.DataFrame) -> str:
    """A line a rival: mean over the sets with transcripts."""
    rows = []
    for ours, other in pairs():
        if found := together(with_transcripts(paired(cells, ours, other))):
            losses = together(with_transcripts(paired(cells, ours, other, "log_loss")))
            rows.append((ours, other, found.sets, found.folds, found, losses))
    return markdown(("system", "minus", "sets", "folds", "AUC (95 % CI)", "log loss (95 % CI)"), rows)


def parts(cells: pd.DataFrame) -> str:
    """nightshift minus AutoGluon's best: on which sets the mean over those with transcripts hangs."""
    chosen = {
        "all with transcripts": lambda name: True,
        f"without {TWINS}": lambda name: name != TWINS,
        "real, whose labels the portfolio's order has seen": lambda name: name not in MADE_UP,
        "made up, whose labels it has not seen": lambda name: name in MADE_UP,
    }
    rows = []
    for title, wanted in chosen.items():
        found = [with_transcripts(paired(cells, f"{OURS}-{s}", f"{RIVAL}-{s}")) for s in (60, 300)]
        of_part = [{name: one for name, one in aucs.items() if wanted(name)} for aucs in found]
        rows.append((title, len(of_part[0]), *(together(aucs) for aucs in of_part)))
    return markdown(("sets", "", "60 s, AUC (95 % CI)", "300 s, AUC (95 % CI)"), rows)


def own_baseline(cells: pd.DataFrame) -> str:
    """nightshift minus the first experiment of the same night, one XGBoost on its own views."""
    rows: dict[str, list[Difference]] = {}
    for seconds in (60, 300):
        ours = of(cells, f"{OURS}-{seconds}")
        both = pd.concat([ours, ours.assign(label="exp-0000", auc=ours["baseline_auc"])])
        for name, one in paired(both, f"{OURS}-{seconds}", "exp-0000").items():
            rows.setdefault(name, []).append(one)
    lines = [(name, *found) for name, found in rows.items()]
    return markdown(("data", "60 s, AUC (95 % CI)", "300 s, AUC (95 % CI)"), lines)


def differences(cells: pd.DataFrame):
    """(title, table) of each rival that was measured."""
    for ours, other in pairs():
        if paired(cells, ours, other):
            yield f"{ours} minus {other}", differences_table(cells, ours, other)


def main() -> None:
    cells, before, stages = (pd.read_csv(HERE / "automl" / name) for name in ("cells.csv", "before.csv", "stages.csv"))
    nights, cores = (pd.read_csv(HERE / name) for name in ("nights.csv", "cores.csv"))
    draw(with_label(stages), HERE / "anytime.svg")
    draw_differences(with_label(cells), OURS, RIVAL, HERE / "differences.svg")
    loader = jinja2.FileSystemLoader(HERE)
    made = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    text = made.get_template("RESULTS.md.j2").render(context(cells, before, nights, cores))
    (HERE / "RESULTS.md").write_text(text + "\n")


if __name__ == "__main__":
    main()
