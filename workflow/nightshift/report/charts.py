"""What every chart of a report is: Vega-Lite by altair, a sentence that says what it shows, and the same as a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import altair as alt

from nightshift.report import theme

# Names of rows may take this much of the width.
_LIMIT = "0.42 * (containerSize()[0] || 760)"


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
    return Chart(
        name, title, theme.unbroken(summary), theme.finished(spec), [theme.unbroken(cell) for cell in head], rows
    )


def dots(rows: list[dict[str, Any]], x: str, title: str, colour: str = theme.CHAMPION, zero: float | None = 0.0) -> Any:
    """A point and an interval a row, rows in their order; a vertical line at `zero`."""
    order = [row["label"] for row in rows]
    y = alt.Y(
        "label:N", sort=order, title=None, axis=alt.Axis(labelLimit=alt.ExprRef(_LIMIT), domain=False, ticks=False)
    )
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
