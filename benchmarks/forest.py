"""A picture of paired differences: a point and its 95 % interval a set, and their mean."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import pandas as pd
from automl.compare import Difference, paired, together
from tables import tables, with_transcripts

SECONDS = (60, 300)
MEANS = {"sets with transcripts": with_transcripts, "tables alone": tables}


def rows_of(cells: pd.DataFrame, ours: str, other: str) -> pd.DataFrame:
    """Sets with transcripts and their mean, then tables and theirs: name, seconds, mean, low, high and whether it is a mean of sets."""
    rows = []
    for seconds in SECONDS:
        found = paired(cells, f"{ours}-{seconds}", f"{other}-{seconds}")
        for title, choose in MEANS.items():
            chosen = choose(found)
            rows += [_row(name, seconds, one, False) for name, one in chosen.items()]
            if mean := together(chosen):
                rows.append(_row(f"mean, {title}", seconds, mean, True))
    return pd.DataFrame(rows)


def _row(name: str, seconds: int, one: Difference, of_sets: bool) -> dict[str, object]:
    interval = {"mean": one.mean, "low": one.low, "high": one.high}
    return {"name": name, "seconds": f"{seconds} s", **interval, "is_mean": of_sets}


def draw(cells: pd.DataFrame, ours: str, other: str, target: Path) -> None:
    """A panel a time; to the right of zero ours is better. Intervals that leave the picture are cut."""
    rows = rows_of(cells, ours, other)
    x = {"title": f"AUC of the outer test, {ours} minus {other}", "scale": alt.Scale(domain=[-0.15, 0.25])}
    x["axis"] = alt.Axis(values=[-0.1, 0, 0.1, 0.2])
    y = alt.Y("name", title=None, sort=list(rows["name"].drop_duplicates()), axis=alt.Axis(labelLimit=220))
    colour = alt.Color("is_mean", legend=None, scale=alt.Scale(domain=[False, True], range=["#64748b", "#c2410c"]))
    base = alt.Chart(rows).properties(width=300, height=210)
    zero = base.mark_rule(color="#94a3b8", strokeDash=[3, 3]).encode(x=alt.datum(0))
    whiskers = base.mark_rule(clip=True).encode(x=alt.X("low", **x), x2="high", y=y, color=colour)
    points = base.mark_point(filled=True, size=55, opacity=1).encode(x="mean", y=y, color=colour)
    panels = alt.Column("seconds", title=None, sort=[f"{seconds} s" for seconds in SECONDS])
    alt.layer(zero, whiskers, points).facet(column=panels).configure(background="white").save(target)
