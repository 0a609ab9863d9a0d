"""The curve of experiments: the picture that autoresearch is known for."""

from __future__ import annotations

import math
from typing import Any

import altair as alt

from nightshift.names import number_of
from nightshift.report import theme
from nightshift.report.charts import Chart, built
from nightshift.report.gather import Facts, baseline_of

_LABEL = 34
_WIDE = "width > 600"


def curve(facts: Facts) -> Chart | None:
    """Running best as a step line, keeps named, discards faint, crashes marked, the baseline's luck as a band."""
    rows = [_point(row) for row in facts.rows]
    ran = [row for row in rows if row["cv_auc"] is not None]
    if not ran:
        return None
    low, high = _domain([row["cv_auc"] for row in ran], _band(facts))
    keeps = [row for row in ran if row["status"] == "keep"]
    summary = _summary(facts, keeps, sum(row["cv_auc"] < low for row in ran))
    chart = _drawn(rows, keeps, _band(facts), low, high)
    table = [[row["experiment"], f"{row['cv_auc']:.4f}", row["what"]] for row in keeps]
    return built("curve", "The night, experiment by experiment", summary, chart, ["kept", "cv_auc", "hypothesis"], table)


def _point(row: dict[str, Any]) -> dict[str, Any]:
    words = " ".join(str(row["hypothesis"] or "").split())
    return {
        "number": number_of(row["experiment"]),
        "experiment": row["experiment"],
        "cv_auc": row["cv_auc"],
        "status": row["status"],
        "author": row["author"],
        "what": words if len(words) < 160 else f"{words[:157]}...",
        "label": _short(words),
    }


def _short(words: str) -> str:
    if len(words) <= _LABEL:
        return words.rstrip(".")
    return f"{words[:_LABEL].rsplit(' ', 1)[0].rstrip(',.:;')} ..."


def _band(facts: Facts) -> tuple[float, float] | None:
    known = (facts.noise or {}).get("cv_auc") or []
    return (min(known), max(known)) if len(known) > 1 else None


def _domain(values: list[float], band: tuple[float, float] | None) -> tuple[float, float]:
    """What the picture shows of the scores: all but hopeless ones, which would flatten the rest."""
    best, first = max(values), values[0]
    hopeless = first - 1.5 * max(best - first, 0.02)
    shown = [value for value in values if value >= hopeless] + list(band or ())
    low, high = min(shown), max(best, *(band or (best,)))
    room = max(0.08 * (high - low), 0.004)
    return low - room, high + room


def _summary(facts: Facts, keeps: list[dict[str, Any]], off: int) -> str:
    crashed = sum(row["status"] == "crash" for row in facts.rows)
    told = f"{len(facts.rows)} experiments: {len(keeps)} kept"
    told += f", {crashed} crashed" if crashed else ""
    baseline = baseline_of(facts.rows)
    if baseline and keeps:
        told += f"; cross-validated AUC from {baseline['cv_auc']:.3f} (the baseline) to {keeps[-1]['cv_auc']:.3f}"
    band = _band(facts)
    if band:
        told += f". The baseline with other seeds lies between {band[0]:.3f} and {band[1]:.3f} (band): steps of that size are luck"
    return f"{told}." + (f" {off} far below are off the picture." if off else "")


def _drawn(
    rows: list[dict[str, Any]], keeps: list[dict[str, Any]], band: tuple[float, float] | None, low: float, high: float
) -> Any:
    last = max(row["number"] for row in rows)
    head = high + 0.42 * (high - low)  # room for the names, on a wide page alone
    x = alt.X(
        "number:Q",
        title="experiment",
        axis=alt.Axis(tickMinStep=1, format="d", grid=False),
        scale=alt.Scale(domainMin=-0.5, domainMax=alt.ExprRef(f"{_WIDE} ? {last * 1.16 + 1} : {last + 0.5}"), nice=False),
    )
    y = alt.Y(
        "cv_auc:Q",
        title="cross-validated AUC",
        scale=alt.Scale(domainMin=low, domainMax=alt.ExprRef(f"{_WIDE} ? {head} : {high}"), nice=False, zero=False),
        axis=alt.Axis(format=".3f", tickCount=6),
    )
    told = ["experiment:N", "status:N", "author:N", alt.Tooltip("cv_auc:Q", format=".4f"), alt.Tooltip("what:N", title="hypothesis")]
    steps = [*keeps, {**keeps[-1], "number": last}] if keeps else []
    layers = [
        _points([row for row in rows if row["status"] == "discard"], theme.FAINT, 38, 0.75).encode(x=x, y=y, tooltip=told),
        _of(steps).mark_line(interpolate="step-after", color=theme.CHAMPION, strokeWidth=2.2).encode(x=x, y=y),
        _points(keeps, theme.CHAMPION, 80, 1).encode(x=x, y=y, tooltip=told),
        _crashes([{**row, "cv_auc": low} for row in rows if row["status"] == "crash"]).encode(x=x, y=y, tooltip=told),
        _names(keeps, last).encode(x=x, y=y, text="label:N"),
    ]
    if band:
        area = _of([{"low": band[0], "high": band[1]}]).mark_rect(color=theme.BASELINE, opacity=0.16)
        layers.insert(0, area.encode(y=alt.Y("low:Q"), y2="high:Q"))
    return alt.layer(*layers).properties(height=400)


def _of(rows: list[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.Data(values=rows))


def _points(rows: list[dict[str, Any]], colour: str, size: int, opacity: float) -> alt.Chart:
    return _of(rows).mark_point(filled=True, color=colour, size=size, opacity=opacity, clip=True)


def _crashes(rows: list[dict[str, Any]]) -> alt.Chart:
    return _of(rows).mark_point(shape="cross", angle=45, color=theme.CRASH, size=70, filled=True, opacity=1)


def _names(keeps: list[dict[str, Any]], last: int) -> alt.Chart:
    """Names of the keeps, thinned so that they do not run into each other; the best and the newest first."""
    gap = math.ceil(last / 40)
    chosen: list[dict[str, Any]] = []
    for row in reversed(keeps):
        if all(abs(row["number"] - other["number"]) >= gap for other in chosen):
            chosen.append(row)
    mark = {"angle": 325, "align": "left", "baseline": "middle", "dx": 8, "dy": -5, "fontSize": 11.5}
    return _of(chosen).mark_text(**mark, color=theme.INK, opacity=alt.ExprRef(f"{_WIDE} ? 0.9 : 0"))
