"""Tables of benchmarks/RESULTS.md and BENCH.md as Markdown, from the rows of nights.csv and cells.csv."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd
from automl.compare import TABULAR, Difference, paired, together

NIGHTS = (
    *("data", "split seed", "experiments", "in DVC", "wall, s", "baseline cv", "champion cv", "gain cv"),
    *("baseline holdout", "champion holdout (95 % CI)", "gain holdout", "selection cost"),
)
COSTS = (
    *("data", "experiments", "in DVC", "wall, s", "jobs' CPU, s", "own work, CPU s", "efficiency"),
    *("idle, s", "asked for", "made", "hits", "hits, by seconds", "memory, MB"),
)
SCALING = ("data", "experiments", "in DVC", "measured, 2 cores", *(f"simulated, {n}" for n in (1, 2, 4, 8)))
CORES = ("data", "experiments", "cores", "measured", "simulated", "times faster", "efficiency", "champion cv")
CELLS = (
    *("data", "system-seconds", "folds", "test AUC", "log loss", "own validation - test"),
    *("fit, s (longest)", "CPU, s", "memory, MB", "predict, ms a case"),
)
CHANGES = ("data", "folds", *("test AUC", "now"), *("log loss", "now"), *("own validation - test", "now"))
DIFFERENCES = ("data", "folds", "difference of AUC (95 % CI)", "difference of log loss (95 % CI)")


def markdown(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def nights_table(nights: pd.DataFrame) -> str:
    """What the nights reached."""
    return markdown(
        NIGHTS,
        (
            [
                *(night.set, night.seed, night.experiments, night.recorded, f"{night.wall_s:.0f}"),
                *(f"{night.baseline_cv:.4f}", f"{night.champion_cv:.4f}"),
                *(f"{night.champion_cv - night.baseline_cv:+.4f}", f"{night.baseline_holdout:.4f}"),
                f"{night.champion_holdout:.4f} ({night.ci_low:.3f} to {night.ci_high:.3f})",
                *(f"{night.gain:+.4f}", f"{night.selection_cost:+.4f}"),
            ]
            for night in nights.itertuples()
        ),
    )


def costs_table(nights: pd.DataFrame) -> str:
    """Where the nights' time went."""
    return markdown(
        COSTS,
        (
            [
                *(night.set, night.experiments, night.recorded, f"{night.wall_s:.0f}", f"{night.job_cpu_s:.0f}"),
                *(f"{night.own_work_s:.0f}", f"{night.efficiency:.2f}", f"{night.idle_s:.1f}"),
                *(night.used, night.made, f"{hits(night):.2f}", f"{hits_by_seconds(night):.2f}"),
                f"{night.memory_mb:,.0f}",
            ]
            for night in nights.itertuples()
        ),
    )


def spent_table(nights: Sequence) -> str:
    """Where the processor seconds of all cores went in a few nights: seconds, and their share."""
    parts = [_spent(night) for night in nights]
    rows = [
        (name, *(f"{spent[name]:.0f} ({spent[name] / sum(spent.values()):.0%})" for spent in parts))
        for name in parts[0]
    ]
    header = ("processor seconds", *(f"{night.set}, {night.experiments} experiments" for night in nights))
    return markdown(header, rows)


def _spent(night) -> dict[str, float]:
    rest = night.job_cpu_s - night.own_work_s - night.record_cpu_s - night.diagnose_cpu_s
    return {
        "own work of views, learners and stacks": night.own_work_s,
        "records in DVC": night.record_cpu_s,
        "diagnosis": night.diagnose_cpu_s,
        "their files, checks and forks; proposals, scores, champion, verdict": rest,
        "in no job": night.wall_s * night.cores - night.job_cpu_s,
    }


def hits(night) -> float:
    """Share of the views and bases asked for that were there already."""
    return 1 - night.made / night.used


def hits_by_seconds(night) -> float:
    """Work avoided over work asked for."""
    return night.saved_s / (night.saved_s + night.made_s)


def scaling_table(nights: pd.DataFrame) -> str:
    """The same jobs on other numbers of cores, by simulation."""
    return markdown(
        SCALING,
        (
            [
                *(night.set, night.experiments, night.recorded, f"{night.wall_s:.0f} s"),
                *(f"{getattr(night, f'simulated_{cores}_s'):.0f} s" for cores in (1, 2, 4, 8)),
            ]
            for night in nights.itertuples()
        ),
    )


def cores_table(nights: pd.DataFrame) -> str:
    """The same nights measured on other numbers of cores, beside the simulation from the jobs of the night on two."""
    rows = []
    for (name, _), same in nights.sort_values(["set", "cores"]).groupby(["set", "processor"]):
        fewest, on_two = same.iloc[0], next(same[same["cores"] == 2].itertuples())
        for night in same.itertuples():
            rows.append(
                [
                    *(name, night.experiments, night.cores, f"{night.wall_s:.0f} s"),
                    f"{getattr(on_two, f'simulated_{night.cores}_s'):.0f} s",
                    *(f"{fewest.wall_s / night.wall_s:.2f}", f"{night.efficiency:.2f}", f"{night.champion_cv:.4f}"),
                ]
            )
    return markdown(CORES, rows)


def cells_table(cells: pd.DataFrame) -> str:
    """Means over outer folds."""
    rows = []
    for (name, label), group in cells.groupby(["set", "label"]):
        mean = group.mean(numeric_only=True)
        optimism = mean.validation_auc - mean.auc
        rows.append(
            [
                *(name, label, len(group), f"{mean.auc:.4f}", f"{mean.log_loss:.4f}"),
                *(
                    # Not every system says what it expects: a model that was fitted again has no such estimate.
                    "-" if pd.isna(optimism) else f"{optimism:+.4f}",
                    f"{mean.fit_s:.0f} ({group.fit_s.max():.0f})",
                    f"{mean.cpu_s:.0f}",
                ),
                *(f"{mean.memory_mb:,.0f}", f"{mean.predict_ms:.2f}"),
            ]
        )
    return markdown(CELLS, rows)


def changes_table(cells: pd.DataFrame, before: pd.DataFrame) -> str:
    """What a system reached before, beside what it reaches, by set on the folds of both; below, the means of sets."""
    gaps = [rows.assign(gap=rows["validation_auc"] - rows["auc"]) for rows in (before, cells)]
    both = gaps[0].merge(gaps[1], on=["set", "fold"], suffixes=("_before", ""))
    columns = [f"{measure}{when}" for measure in ("auc", "log_loss", "gap") for when in ("_before", "")]
    means, folds = both.groupby("set")[columns].mean(), both.groupby("set").size()
    means.loc["mean of sets"], folds["mean of sets"] = means.mean(), len(both)
    rows = [
        (name, folds[name], *(f"{value:+.4f}" if "gap" in of else f"{value:.4f}" for of, value in row.items()))
        for name, row in means.iterrows()
    ]
    return markdown(CHANGES, rows)


def differences_table(cells: pd.DataFrame, ours: str, other: str) -> str:
    """One system minus another by set, then over sets with transcripts and over tables."""
    aucs, losses = paired(cells, ours, other), paired(cells, ours, other, "log_loss")
    rows = [[name, auc.folds, auc, losses[name]] for name, auc in aucs.items()]
    for title, chosen in (("all with transcripts", with_transcripts(aucs)), ("all tables", tables(aucs))):
        if len(chosen) > 1:
            logs = together({name: losses[name] for name in chosen})
            rows.append([title, sum(one.folds for one in chosen.values()), together(chosen), logs])
    return markdown(DIFFERENCES, rows)


def with_transcripts(differences: dict[str, Difference]) -> dict[str, Difference]:
    return {name: one for name, one in differences.items() if name not in TABULAR}


def tables(differences: dict[str, Difference]) -> dict[str, Difference]:
    return {name: one for name, one in differences.items() if name in TABULAR}
