"""The charts of the holdout and of the champion, as Vega-Lite by altair; the curve of experiments is in `curve`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import altair as alt

from nightshift.report import theme
from nightshift.report.gather import Facts

_COLUMNS_SHOWN = 15
_SLICES_SHOWN = 12
# Names of rows may take this much of the width.
_LIMIT = "0.42 * (containerSize()[0] || 760)"
_COLOURS = {"champion": theme.CHAMPION, "baseline": theme.BASELINE}


@dataclass(frozen=True)
class Chart:
    """A chart with what stands in for it.

    Attributes
    ----------
    name : of its element in the page
    title : heading of the figure
    summary : one sentence that says what the picture shows
    spec : Vega-Lite
    head, rows : the same as a table
    """

    name: str
    title: str
    summary: str
    spec: dict[str, Any]
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


def built(name: str, title: str, summary: str, chart: Any, head: list[str], rows: list[list[str]]) -> Chart:
    """A Chart from altair's, with the theme; it describes itself in one sentence to who cannot see it."""
    spec = chart.properties(width="container", description=f"{title}. {summary}").to_dict()
    return Chart(name, title, theme.unbroken(summary), theme.finished(spec), [theme.unbroken(cell) for cell in head], rows)


def _side_names(facts: Facts) -> dict[str, str]:
    verdict = facts.verdict or {}
    return {
        side: f"{side} {verdict[side]['experiment']}" if verdict.get(side) else side for side in ("champion", "baseline")
    }


def _records(facts: Facts, curve: str) -> tuple[list[dict[str, Any]], alt.Color]:
    names = _side_names(facts)
    models = facts.curves["models"]
    rows = [{**point, "model": names[side]} for side in models for point in models[side][curve]]
    scale = alt.Scale(domain=[names[side] for side in models], range=[_COLOURS[side] for side in models])
    return rows, alt.Color("model:N", scale=scale)


def _percent(name: str, title: str, axis: type = alt.X, **options: Any) -> Any:
    return axis(f"{name}:Q", title=title, axis=alt.Axis(format="%", tickCount=5), **options)


def _by_model(rows: list[dict[str, Any]], range_: list[Any], **more: Any) -> dict[str, Any]:
    """Dash or shape by model, so that colour is not all that tells them apart."""
    names = list(dict.fromkeys(row["model"] for row in rows))
    return {"field": "model", "type": "nominal", "scale": {"domain": names, "range": range_[: len(names)]}, **more}


_UNIT = alt.Scale(domain=[0, 1], nice=False)


def _banded(facts: Facts, curve: str, x: tuple[str, str], y: tuple[str, str], diagonal: bool = True) -> alt.LayerChart:
    """A line a model with its pointwise band, over the diagonal of chance."""
    rows, colour = _records(facts, curve)
    base = alt.Chart(alt.Data(values=rows)).encode(x=_percent(*x, scale=_UNIT), color=colour)
    chance = alt.Chart(alt.Data(values=[{"a": 0, "b": 0}, {"a": 1, "b": 1}])).mark_line(
        color=theme.MUTED, strokeDash=[4, 4], strokeWidth=1
    )
    told = [alt.Tooltip("model:N"), alt.Tooltip(f"{x[0]}:Q", format=".0%"), alt.Tooltip(f"{y[0]}:Q", format=".0%")]
    told += [alt.Tooltip("low:Q", format=".0%"), alt.Tooltip("high:Q", format=".0%")]
    layers = [
        chance.encode(x="a:Q", y="b:Q"),
        base.mark_area(opacity=0.16).encode(y=_percent("low", y[1], alt.Y, scale=_UNIT), y2="high:Q"),
        base.mark_line(strokeWidth=2.2).encode(
            y=_percent(*y, axis=alt.Y, scale=_UNIT), strokeDash=_by_model(rows, [[1, 0], [7, 3]], legend=None), tooltip=told
        ),
    ]
    return alt.layer(*layers).properties(height=320)


def roc(facts: Facts) -> Chart:
    """ROC of the holdout."""
    verdict = facts.verdict
    sides = [side for side in ("champion", "baseline") if side in facts.curves["models"] and verdict[side]]
    told = " and ".join(
        f"the {side} has AUC {verdict[side]['holdout_auc']:.3f} "
        f"({verdict[side]['ci_low']:.3f} to {verdict[side]['ci_high']:.3f})"
        for side in sides
    )
    summary = f"On the holdout {told}; the dashed diagonal is a coin. Bands are pointwise 95 % intervals."
    chart = _banded(facts, "roc", ("fpr", "losses called by mistake"), ("tpr", "wins found"))
    at = (0.05, 0.1, 0.2, 0.3, 0.5)
    rows = _table(facts, "roc", "fpr", "tpr", at)
    return built("roc", "Wins found against false alarms (ROC)", summary, chart, _head(facts, "false alarms"), rows)


def gain(facts: Facts) -> Chart:
    """Cumulative gain of the holdout."""
    chart = _banded(facts, "gain", ("share", "share of cases called, likeliest first"), ("gain", "share of wins reached"))
    rows = _table(facts, "gain", "share", "gain", (0.05, 0.1, 0.2, 0.3, 0.5))
    summary = call_the_top(facts)
    return built("gain", "Whom to call first (gain)", summary, chart, _head(facts, "cases called"), rows)


def call_the_top(facts: Facts, share: float = 0.1) -> str:
    """The sentence: call the top 10 % and you reach so many of the wins."""
    point = _at(facts.curves["models"]["champion"]["gain"], "share", share)
    lift = point["gain"] / share
    return (
        f"Call the top {theme.percent(share)} and you reach {theme.percent(point['gain'])} of the wins (95 % interval {theme.percent(point['low'])} to "
        f"{theme.percent(point['high'])}), {lift:.1f} times what calling at random reaches."
    )


def _at(points: list[dict[str, float]], name: str, value: float) -> dict[str, float]:
    return min(points, key=lambda point: abs(point[name] - value))


def _head(facts: Facts, first: str) -> list[str]:
    return [first, *(f"{name} (95 % interval)" for side, name in _side_names(facts).items() if side in facts.curves["models"])]


def _table(facts: Facts, curve: str, x: str, y: str, at: tuple[float, ...]) -> list[list[str]]:
    models = facts.curves["models"]
    told = []
    for share in at:
        points = [_at(models[side][curve], x, share) for side in ("champion", "baseline") if side in models]
        told.append([f"{theme.percent(share)}", *(f"{theme.percent(p[y])} ({theme.percent(p['low'])} to {theme.percent(p['high'])})" for p in points)])
    return told


def calibration(facts: Facts) -> Chart:
    """Predicted against observed shares of the holdout."""
    rows, colour = _records(facts, "calibration")
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=_percent("predicted", "predicted probability", scale=_UNIT), color=colour
    )
    line = alt.Chart(alt.Data(values=[{"a": 0, "b": 0}, {"a": 1, "b": 1}])).mark_line(
        color=theme.MUTED, strokeDash=[4, 4], strokeWidth=1
    )
    told = [alt.Tooltip("model:N"), alt.Tooltip("predicted:Q", format=".2f"), alt.Tooltip("observed:Q", format=".2f")]
    chart = alt.layer(
        line.encode(x="a:Q", y="b:Q"),
        base.mark_rule(strokeWidth=1.4, opacity=0.5).encode(
            y=_percent("low", "share that was won", alt.Y, scale=_UNIT), y2="high:Q"
        ),
        base.mark_line(strokeWidth=1.2, opacity=0.6).encode(y="observed:Q"),
        base.mark_point(size=55, filled=True, opacity=1).encode(
            y="observed:Q", shape=_by_model(rows, ["circle", "square"]), tooltip=[*told, alt.Tooltip("cases:Q")]
        ),
    ).properties(height=320)
    points = facts.curves["models"]["champion"]["calibration"]
    inside = sum(point["low"] <= point["predicted"] <= point["high"] for point in points)
    summary = (
        f"A predicted 70 % should come true in 70 of 100 cases: the dashed line. In {inside} of {len(points)} groups of "
        "the champion the promise is inside the 95 % interval of what happened."
    )
    table = [
        [f"{theme.percent(p['predicted'])}", f"{theme.percent(p['observed'])} ({theme.percent(p['low'])} to {theme.percent(p['high'])})", str(p["cases"])]
        for p in points
    ]
    head = ["champion predicts", "was won (95 % interval)", "cases"]
    return built("calibration", "Do the probabilities hold (calibration)", summary, chart, head, table)


def dots(rows: list[dict[str, Any]], x: str, title: str, colour: str = theme.CHAMPION, zero: float | None = 0.0) -> Any:
    """A point and an interval a row, rows in their order; a vertical line at `zero`."""
    order = [row["label"] for row in rows]
    y = alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=alt.ExprRef(_LIMIT), domain=False, ticks=False))
    scale = alt.Scale(zero=False, nice=True)
    axis = alt.Axis(tickCount=5, labelFlush=False)
    base = alt.Chart(alt.Data(values=rows)).encode(y=y)
    told = [alt.Tooltip("label:N"), *(alt.Tooltip(f"{name}:Q", format=".4f") for name in (x, "low", "high"))]
    layers = [
        base.mark_rule(color=colour, strokeWidth=2, opacity=0.45).encode(
            x=alt.X("low:Q", title=title, scale=scale, axis=axis), x2="high:Q"
        ),
        base.mark_point(color=colour, filled=True, size=70, opacity=1).encode(x=f"{x}:Q", tooltip=told),
    ]
    if zero is not None:
        line = alt.Chart(alt.Data(values=[{"at": zero}])).mark_rule(color=theme.MUTED, strokeDash=[4, 4])
        layers.insert(0, line.encode(x=alt.X("at:Q", scale=scale, axis=axis)))
    return alt.layer(*layers).properties(height=26 * len(rows) + 4)


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
    return built("slices", f"The {min(len(rows), _SLICES_SHOWN)} weakest slices", summary, chart, head, table)


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
