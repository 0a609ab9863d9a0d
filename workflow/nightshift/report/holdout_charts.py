"""The charts of the holdout: gain, ROC and calibration."""

from __future__ import annotations

from typing import Any

import altair as alt

from nightshift.report import theme
from nightshift.report.charts import Chart, built
from nightshift.report.gather import Facts

_COLOURS = {"champion": theme.CHAMPION, "baseline": theme.BASELINE}


def _side_names(facts: Facts) -> dict[str, str]:
    verdict = facts.verdict or {}
    return {
        side: f"{side} {verdict[side]['experiment']}" if verdict.get(side) else side
        for side in ("champion", "baseline")
    }


def _records(facts: Facts, curve: str) -> tuple[list[dict[str, Any]], alt.Color]:
    models = facts.curves["models"]
    rows = [{**point, "model": side} for side in models for point in models[side][curve]]
    scale = alt.Scale(domain=list(models), range=[_COLOURS[side] for side in models])
    return rows, alt.Color("model:N", scale=scale)


def _percent(name: str, title: str, axis: type = alt.X, **options: Any) -> Any:
    return axis(f"{name}:Q", title=title, axis=alt.Axis(format="%", tickCount=5), **options)


def _by_model(rows: list[dict[str, Any]], range_: list[Any]) -> dict[str, Any]:
    """Dash or shape by model, so that colour is not all that tells them apart."""
    names = list(dict.fromkeys(row["model"] for row in rows))
    return {"field": "model", "type": "nominal", "scale": {"domain": names, "range": range_[: len(names)]}}


_UNIT = alt.Scale(domain=[0, 1], nice=False)


def _banded(facts: Facts, curve: str, x: tuple[str, str], y: tuple[str, str], diagonal: bool = True) -> alt.LayerChart:
    """A line a model with its pointwise band, over the diagonal of chance."""
    rows, colour = _records(facts, curve)
    colour = colour.legend(symbolType="stroke", symbolSize=400, symbolStrokeWidth=2.5)
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
            y=_percent(*y, axis=alt.Y, scale=_UNIT), strokeDash=_by_model(rows, [[1, 0], [7, 3]]), tooltip=told
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
    chart = _banded(
        facts, "gain", ("share", "share of cases called, likeliest first"), ("gain", "share of wins reached")
    )
    rows = _table(facts, "gain", "share", "gain", (0.05, 0.1, 0.2, 0.3, 0.5))
    summary = call_the_top(facts)
    return built("gain", "Whom to call first (gain)", summary, chart, _head(facts, "cases called"), rows)


def call_the_top(facts: Facts, share: float = 0.1) -> str:
    """The sentence: call the top 10 % and you reach so many of the wins."""
    point = _at(facts.curves["models"]["champion"]["gain"], "share", share)
    interval = f"95 % interval {theme.percent(point['low'])} to {theme.percent(point['high'])}"
    told = f"Call the top {theme.percent(share)} and you reach {theme.percent(point['gain'])} of the wins ({interval})"
    if point["low"] <= share:
        return theme.unbroken(
            f"{told}; calling at random reaches {theme.percent(share)}, so that is not shown to be better."
        )
    return theme.unbroken(f"{told}, {point['gain'] / share:.1f} times what calling at random reaches.")


def _at(points: list[dict[str, float]], name: str, value: float) -> dict[str, float]:
    return min(points, key=lambda point: abs(point[name] - value))


def _head(facts: Facts, first: str) -> list[str]:
    return [
        first,
        *(f"{name} (95 % interval)" for side, name in _side_names(facts).items() if side in facts.curves["models"]),
    ]


def _table(facts: Facts, curve: str, x: str, y: str, at: tuple[float, ...]) -> list[list[str]]:
    models = facts.curves["models"]
    told = []
    for share in at:
        points = [_at(models[side][curve], x, share) for side in ("champion", "baseline") if side in models]
        told.append(
            [
                f"{theme.percent(share)}",
                *(f"{theme.percent(p[y])} ({theme.percent(p['low'])} to {theme.percent(p['high'])})" for p in points),
            ]
        )
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
        [
            f"{theme.percent(p['predicted'])}",
            f"{theme.percent(p['observed'])} ({theme.percent(p['low'])} to {theme.percent(p['high'])})",
            str(p["cases"]),
        ]
        for p in points
    ]
    head = ["champion predicts", "was won (95 % interval)", "cases"]
    return built("calibration", "Do the probabilities hold (calibration)", summary, chart, head, table)
