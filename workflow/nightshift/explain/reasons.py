"""The reasons of a prediction in words: what the case has or what was said, and by how many points it moves the chance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import expit

from nightshift.explain.through import Pushes, Source
from nightshift.explain.words import Speaking
from nightshift.model import Model
from nightshift.views.base import Block, RawData

_FEWEST_POINTS = 0.05


class Reasons:
    """Names the strongest contributions of each case.

    Contributions with one source are one reason, whichever bases they came through: a column that several models read, all
    parts of a date, all views of the words of one part of the calls. For a case without turns, all views of turns are
    one: there is no call.

    Parameters
    ----------
    model : Model
    raw : RawData of the cases
    blocks : view -> Block of the same cases
    medians : view -> column -> median of the development cases
    """

    def __init__(
        self, model: Model, raw: RawData, blocks: Mapping[str, Block], medians: Mapping[str, Mapping[str, float]]
    ):
        self.model, self.raw, self.blocks, self.medians = model, raw, blocks, medians
        self.speaking = Speaking(model, blocks)
        self.heard = raw.cases["case_id"].isin(raw.turns["case_id"]).to_numpy()

    def strongest(self, pushes: Pushes, logits: np.ndarray, number: int = 3) -> list[list[str]]:
        """For each case its strongest reasons, at most `number`; fewer where the others do not move it by a tenth of a
        point.

        Parameters
        ----------
        pushes : Pushes
        logits : float array (n_cases,), calibrated
        number : int
        """
        groups: dict[tuple[str, str | None], list[int]] = defaultdict(list)
        for place, source in enumerate(pushes.sources):
            groups[self._key(source)].append(place)
        sources = [[pushes.sources[place] for place in places] for places in groups.values()]
        values = np.column_stack([pushes.values[:, places].sum(axis=1) for places in groups.values()])
        silent = np.array([self.model.experiment.views[of[0].view].needs_turns for of in sources])
        no_call = np.where(self.heard, 0.0, values[:, silent].sum(axis=1))
        values = np.column_stack([np.where(silent & ~self.heard[:, None], 0.0, values), no_call])
        # Points: how much lower the chance would be without the contribution.
        points = 100 * (expit(logits)[:, None] - expit(logits[:, None] - values))
        order = np.argsort(-np.abs(points), axis=1, kind="stable")[:, :number]
        return [
            [
                f"{_points(points[case, place])} points: {self._in_words(sources, place, case, points[case, place] > 0)}"
                for place in places
                if abs(points[case, place]) >= _FEWEST_POINTS
            ]
            for case, places in enumerate(order)
        ]

    def _key(self, source: Source) -> tuple[str, str | None]:
        view = self.model.experiment.views[source.view]
        if source.column is None:
            return view.topic(), None
        found = view.source_of(source.column, self.raw.kinds)
        # Columns of the cases are one thing in all views; else equal names mean one thing in views of one kind.
        return ("", found) if found in self.raw.kinds else (view.kind, found)

    def _in_words(self, sources: list[list[Source]], place: int, case: int, up: bool) -> str:
        if place == len(sources):
            return "there is no call"
        source = sources[place][0]
        view = self.model.experiment.views[source.view]
        if source.column is None:
            said = ", ".join(self.speaking.examples([of.view for of in sources[place]], case, up))
            return f"{view.topic()}{f', such as {said}' if said else ''}"
        name = view.source_of(source.column, self.raw.kinds)
        if name in self.raw.kinds:
            said = _said(self.raw.cases[name].iloc[case], self.raw.kinds[name])
            return f"{name} is {said}{self._typical(source, name)}"
        column = self.blocks[source.view].frame.get(source.column)
        value = None if column is None else column.iloc[case]
        return f"{name} is {_said(value, 'numeric')}{self._typical(source, source.column)}"

    def _typical(self, source: Source, name: str) -> str:
        middle = self.medians.get(source.view, {}).get(name)
        if middle is None or self.raw.kinds.get(name) not in (None, "numeric"):
            return ""
        return f" (usually {_number(middle)})"


def _points(value: float) -> str:
    return f"{value:+.0f}" if abs(value) >= 1 else f"{value:+.1f}"


def _said(value: object, kind: str) -> str:
    if pd.isna(value):
        return "missing"
    if kind == "datetime":
        return f"{pd.Timestamp(value):%Y-%m-%d}"
    if kind == "boolean":
        return "yes" if value == 1 else "no"
    if kind == "text":
        return f"{len(str(value).split())} words long"
    return _number(float(value)) if isinstance(value, int | float | np.number) else str(value)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
