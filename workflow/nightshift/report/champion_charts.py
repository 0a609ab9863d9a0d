"""The charts of the champion: the ladder, what matters, where it is wrong."""

from __future__ import annotations

from typing import Any

from nightshift.report import theme
from nightshift.report.charts import Chart, built, dots
from nightshift.report.gather import Facts

_COLUMNS_SHOWN = 15
_SLICES_SHOWN = 12


def views(facts: Facts) -> Chart:
    """Importance by view."""
    rows = [{**row, "label": row["name"]} for row in facts.diagnosis["importance"]["views"]]
    first = rows[0]
    summary = (
        f"Shuffled among the cases, {first['label']} costs most: {first['drop']:.3f} of AUC. A view that another can stand "
        "in for shows less than it knows."
    )
    chart = dots(rows, "drop", "AUC lost when it is shuffled")
    return built("views", "By view", summary, chart, ["view", "AUC lost (95 % interval)"], [_row(row) for row in rows])


def columns(facts: Facts) -> Chart | None:
    """Importance by column; None where every view is words."""
    every = facts.diagnosis["importance"]["columns"]
    rows = [{**row, "label": row["name"]} for row in every[:_COLUMNS_SHOWN]]
    if not rows:
        return None
    seen: set[str] = set()
    for row in rows:  # the same column in two views: say which
        row["label"] = f"{row['name']} ({row['view']})" if row["name"] in seen else row["name"]
        seen.add(row["name"])
    sure = sum(row["low"] > 0 for row in every)
    summary = f"Of {len(every)} columns {sure} cost the champion something for sure when shuffled; the first {len(rows)} are here."
    chart = dots(rows, "drop", "AUC lost when it is shuffled")
    head = ["column", "view", "AUC lost (95 % interval)"]
    table = [[row["name"], row["view"], _row(row)[1]] for row in every[:100]]
    return built("columns", "By column", summary, chart, head, table)


def _row(row: dict[str, Any]) -> list[str]:
    return [row["name"], f"{row['drop']:+.4f} ({row['low']:+.4f} to {row['high']:+.4f})"]


def slices(facts: Facts) -> Chart | None:
    """The slices with the lowest AUC."""
    found, whole = facts.diagnosis["slices"], facts.diagnosis["cv_auc"]
    rows = [{**row, "label": f"{row['column']}: {row['value']}"} for row in found["rows"]]
    if not rows:
        return None
    apart = sum(row["high"] < whole or row["low"] > whole for row in rows)
    summary = (
        f"The champion has {whole:.3f} on all development cases (dashed). Of {len(rows)} slices, {apart} have an interval "
        f"that leaves it out; luck alone would make about {0.05 * len(rows):.0f}. {found['left_out']} are too small to say."
    )
    chart = dots(rows[:_SLICES_SHOWN], "auc", "AUC within the slice", zero=whole)
    head = ["slice", "AUC (95 % interval)", "cases", "won", "predicted"]
    table = [
        [
            row["label"],
            f"{row['auc']:.3f} ({row['low']:.3f} to {row['high']:.3f})",
            str(row["cases"]),
            f"{theme.percent(row['observed'])}",
            f"{theme.percent(row['predicted'])}",
        ]
        for row in rows
    ]
    return built("slices", "The weakest slices", summary, chart, head, table)


def ladder(facts: Facts) -> Chart | None:
    """Each rung on the holdout."""
    rungs = (facts.verdict or {}).get("ladder") or []
    if len(rungs) < 2:
        return None
    rows = [
        {"label": rung["what"], "auc": rung["holdout_auc"], "low": rung["ci_low"], "high": rung["ci_high"]}
        for rung in rungs
    ]
    first, last = rungs[0], rungs[-1]
    summary = (
        f"From {first['what']} to {last['what']} the holdout's AUC goes from {first['holdout_auc']:.3f} to "
        f"{last['holdout_auc']:.3f}, and that of cross-validation from {first['cv_auc']:.3f} to {last['cv_auc']:.3f}."
    )
    chart = dots(rows, "auc", "AUC on the holdout", zero=0.5 if min(row["low"] for row in rows) < 0.55 else None)
    table = [
        [
            rung["what"],
            f"{rung['cv_auc']:.3f}",
            _step(rung, "cv_step"),
            f"{rung['holdout_auc']:.3f} ({rung['ci_low']:.3f} to {rung['ci_high']:.3f})",
            _step(rung, "holdout_step"),
        ]
        for rung in rungs
    ]
    head = ["rung", "cross-validation", "step", "holdout (95 % interval)", "step"]
    return built("ladder", "From one model to the champion", summary, chart, head, table)


def _step(rung: dict[str, Any], name: str) -> str:
    return f"{rung[name]:+.3f} ± {rung[f'{name}_se']:.3f}" if name in rung else ""
