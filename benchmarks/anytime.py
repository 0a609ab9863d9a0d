"""The anytime curve: what a system believes and what its model reaches on the outer test over its wall time."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd

MEASURES = {"auc": "outer test", "validation_auc": "own validation"}
_STEP = 5.0  # seconds


def curve(stages: pd.DataFrame) -> pd.DataFrame:
    """Mean over folds of the last model that stood at each moment, from the moment when every fold has one.

    Parameters
    ----------
    stages : set, fold, label, at_s, auc, validation_auc; one row a model

    Returns
    -------
    DataFrame : set, label, at_s, auc, validation_auc
    """
    pieces = []
    for (name, label), rows in stages.groupby(["set", "label"]):
        folds = [fold.sort_values("at_s") for _, fold in rows.groupby("fold")]
        begin, end = max(fold["at_s"].iloc[0] for fold in folds), max(fold["at_s"].iloc[-1] for fold in folds)
        for at in np.append(np.arange(begin, end, _STEP), end):
            last = pd.concat([fold[fold["at_s"] <= at].tail(1) for fold in folds])
            pieces.append({"set": name, "label": label, "at_s": at, **last[list(MEASURES)].mean()})
    return pd.DataFrame(pieces)


def draw(stages: pd.DataFrame, target: Path) -> None:
    """A row a set, a column a measure; steps for what gets better with time, points for what answers once."""
    long = curve(stages).melt(["set", "label", "at_s"], list(MEASURES), "measure", "AUC")
    long["measure"] = long["measure"].map(MEASURES)
    axes = {
        "x": alt.X("at_s", title="seconds"),
        "y": alt.Y("AUC", title=None, scale=alt.Scale(zero=False)),
        "color": alt.Color("label", title=None, legend=alt.Legend(orient="top", columns=4)),
    }
    base = alt.Chart(long).encode(**axes).properties(width=330, height=120)
    layers = base.mark_line(interpolate="step-after") + base.mark_point(filled=True, size=18)
    chart = layers.facet(row=alt.Row("set", title=None), column=alt.Column("measure", title=None))
    chart.resolve_scale(y="independent").configure(background="white").save(target)
