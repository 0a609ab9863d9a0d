"""The anytime curve: what a system believes and what its model reaches on the outer test over its wall time."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd

MEASURES = {"auc": "outer test", "validation_auc": "own validation"}
REFERENCE = "nightshift-60"
COLOURS = {
    "nightshift-60": "#fb923c",
    "nightshift-300": "#c2410c",
    "autogluon_best-60": "#60a5fa",
    "autogluon_best-300": "#1d4ed8",
    "autogluon_grouped-60": "#5eead4",
    "autogluon_grouped-300": "#0f766e",
    "autogluon_good-60": "#a78bfa",
    "flaml-60": "#84cc16",
    "stacking-free": "#475569",
    "xgboost-free": "#cbd5e1",
}
_STEP = 5.0  # seconds


def curve(stages: pd.DataFrame) -> pd.DataFrame:
    """Mean over folds of the last model that stood at each moment, from the moment when every fold has one.

    Folds are not equally hard and not every system was measured on all of them: a curve is moved by what the last models of
    `REFERENCE` have on its folds more than on all.

    Parameters
    ----------
    stages : set, fold, label, at_s, auc, validation_auc; one row a model

    Returns
    -------
    DataFrame : set, label, at_s, auc, validation_auc
    """
    pieces = []
    for name, of_set in stages.groupby("set"):
        reference = _last(of_set[of_set["label"] == REFERENCE])
        for label, rows in of_set.groupby("label"):
            known = rows[rows["fold"].isin(reference.index)] if len(reference) else rows
            folds = [fold.sort_values("at_s") for _, fold in known.groupby("fold")]
            if not folds:
                continue
            begin, end = (max(fold["at_s"].iloc[at] for fold in folds) for at in (0, -1))
            advantage = reference.loc[known["fold"].unique()].mean() - reference.mean() if len(reference) else 0
            for at in np.append(np.arange(begin, end, _STEP), end):
                last = pd.concat([fold[fold["at_s"] <= at].tail(1) for fold in folds])
                pieces.append({"set": name, "label": label, "at_s": at, **(last[list(MEASURES)].mean() - advantage)})
    return pd.DataFrame(pieces)


def _last(stages: pd.DataFrame) -> pd.DataFrame:
    """What the last model of each fold reached."""
    return stages.sort_values("at_s").groupby("fold")[list(MEASURES)].last()


def draw(stages: pd.DataFrame, target: Path) -> None:
    """A row a set, a column a measure; steps for what gets better with time, points for what answers once."""
    curves = curve(stages)
    curves["answers"] = curves.groupby(["set", "label"])["at_s"].transform("size")
    long = curves.melt(["set", "label", "at_s", "answers"], list(MEASURES), "measure", "AUC")
    long["measure"] = long["measure"].map(MEASURES)
    known = [label for label in COLOURS if label in set(long["label"])]
    colours = alt.Scale(domain=known, range=[COLOURS[label] for label in known])
    axes = {
        "x": alt.X("at_s", title="seconds"),
        "y": alt.Y("AUC", title=None, scale=alt.Scale(zero=False)),
        "color": alt.Color("label", title=None, scale=colours, legend=alt.Legend(orient="top", columns=4)),
    }
    base = alt.Chart(long).encode(**axes).properties(width=330, height=120)
    steps = base.mark_line(interpolate="step-after").transform_filter("datum.answers > 1")
    points = base.mark_point(filled=True, size=45, opacity=1).transform_filter("datum.answers == 1")
    chart = (steps + points).facet(row=alt.Row("set", title=None), column=alt.Column("measure", title=None))
    chart.resolve_scale(y="independent").configure(background="white").save(target)
