"""The curve of experiments: the picture that autoresearch is known for."""

from __future__ import annotations

import itertools
import math
from typing import Any

import altair as alt

from nightshift.names import number_of
from nightshift.report import theme
from nightshift.report.charts import Chart, built
from nightshift.report.gather import Facts, baseline_of

_LABEL = 36
_ANGLE = 50  # of the names, upwards
_LINE = 15  # pixels that two names need between them
_SIZE = (720, 460)  # of the picture on a wide page, roughly; heights are exact
_TIMES = "M-.7,-.7L.7,.7M.7,-.7L-.7,.7"  # a diagonal cross
# A picture outside the page has no container.
_WIDE = "(containerSize()[0] || 760) > 640"


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
    return built(
        "curve", "Every experiment, and the best so far", summary, chart, ["kept", "cv_auc", "hypothesis"], table
    )


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
    x, y = _axes(last, low, high)
    told = ["experiment:N", "status:N", "author:N", alt.Tooltip("cv_auc:Q", format=".4f")]
    told.append(alt.Tooltip("what:N", title="hypothesis"))
    layers = []
    if band:
        area = alt.Chart(alt.Data(values=[{"low": band[0], "high": band[1]}]))
        layers.append(area.mark_rect(color=theme.BASELINE, opacity=0.16).encode(y=alt.Y("low:Q"), y2="high:Q"))
    for of, mark in _marks(rows, keeps, last, low):
        if of:
            layer = alt.Chart(alt.Data(values=of), mark=mark).encode(x=x, y=y)
            layers.append(layer if mark["type"] == "line" else layer.encode(tooltip=told))
    if keeps:
        chosen = _chosen(keeps, last, low, high)
        # First a halo: a name may lie over the line.
        layers += [_names(chosen, theme.PAPER, 3).encode(x=x, y=y), _names(chosen, theme.INK, 0).encode(x=x, y=y)]
    return alt.layer(*layers).properties(height=_SIZE[1])


def _marks(
    rows: list[dict[str, Any]], keeps: list[dict[str, Any]], last: int, low: float
) -> list[tuple[list[dict[str, Any]], dict[str, Any]]]:
    """What is drawn of the experiments, from the back to the front, with its mark."""
    discards = [row for row in rows if row["status"] == "discard"]
    crashes = [{**row, "cv_auc": low} for row in rows if row["status"] == "crash"]
    steps = [*keeps, {**keeps[-1], "number": last}] if keeps else []
    point = {"type": "point", "filled": True, "opacity": 1}
    return [
        (discards, {**point, "color": theme.FAINT, "size": 38, "opacity": 0.75, "clip": True}),
        (steps, {"type": "line", "interpolate": "step-after", "color": theme.CHAMPION, "strokeWidth": 2.2}),
        (keeps, {**point, "color": theme.CHAMPION, "size": 80}),
        (
            crashes,
            {"type": "point", "stroke": theme.CRASH, "strokeWidth": 2, "size": 60, "opacity": 1, "shape": _TIMES},
        ),
    ]


def _axes(last: int, low: float, high: float) -> tuple[alt.X, alt.Y]:
    """Both axes; a wide page has room for the names above and to the right."""
    step = max(1, 5 * round(last / 50)) if last > 12 else 1
    x = alt.X(
        "number:Q",
        title="experiment",
        axis=alt.Axis(values=list(range(0, last + 1, step)), format="d", grid=False),
        scale=alt.Scale(domainMin=-0.5, domainMax=alt.ExprRef(f"{_WIDE} ? {_right(last)} : {last + 0.5}"), nice=False),
    )
    y = alt.Y(
        "cv_auc:Q",
        title="cross-validated AUC",
        scale=alt.Scale(
            domainMin=low, domainMax=alt.ExprRef(f"{_WIDE} ? {_top(low, high)} : {high}"), nice=False, zero=False
        ),
        axis=alt.Axis(format=".3f", values=_ticks(low, high)),
    )
    return x, y


def _ticks(low: float, high: float) -> list[float]:
    """Round values between the two: none in the room for the names."""
    step = next((step for step in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05) if (high - low) / step <= 9), 0.1)
    return [round(step * number, 3) for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _right(last: int) -> float:
    return last * 1.17 + 1


def _top(low: float, high: float) -> float:
    return high + 0.6 * (high - low)


def _chosen(keeps: list[dict[str, Any]], last: int, low: float, high: float) -> list[dict[str, Any]]:
    """Keeps to name: of names that would run into each other the one of the larger step."""
    across, up = _SIZE[0] / (_right(last) + 0.5), _SIZE[1] / (_top(low, high) - low)
    sine, cosine = math.sin(math.radians(_ANGLE)), math.cos(math.radians(_ANGLE))
    # Distance of a name from a parallel one, in pixels: two names are apart when these are.
    lines = {row["experiment"]: across * row["number"] * sine - up * row["cv_auc"] * cosine for row in keeps}
    rise = {row["experiment"]: row["cv_auc"] - before["cv_auc"] for before, row in itertools.pairwise(keeps)}
    ranked = sorted(keeps, key=lambda row: (row is not keeps[0], row is not keeps[-1], -rise.get(row["experiment"], 0)))
    chosen: list[dict[str, Any]] = []
    for row in ranked:
        if all(abs(lines[row["experiment"]] - lines[other["experiment"]]) >= _LINE for other in chosen):
            chosen.append(row)
    return chosen


def _names(keeps: list[dict[str, Any]], colour: str, stroke: float) -> alt.Chart:
    """Their names, on a wide page alone."""
    text = alt.ExprRef(f"{_WIDE} ? datum.label : ''")
    mark = {"angle": 360 - _ANGLE, "align": "left", "baseline": "middle", "dx": 13, "fontSize": 11.5}
    halo = {"stroke": colour, "strokeWidth": stroke} if stroke else {}
    return alt.Chart(alt.Data(values=keeps)).mark_text(**mark, **halo, color=colour, text=text)
