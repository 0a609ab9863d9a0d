"""Predict new cases: probability, rank, decile and reasons, and what is worth knowing of the new data."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from nightshift.data.schema import CASE_ID
from nightshift.drift import Drifted, columns_of, counts_of, drifted
from nightshift.explain.reasons import Reasons
from nightshift.explain.through import Explainer
from nightshift.model import Model, load_model
from nightshift.parallel import shared_among
from nightshift.reference import Reference, encoders_of_words, familiar_words, load_reference
from nightshift.views.base import RawData

_MOST_DRIFTED = 8
_CASES_AT_ONCE = 1000  # in memory, and the share of one core at a time; numbers depend on it in the last digit


@dataclass(frozen=True)
class Predicted:
    """New cases, predicted.

    Attributes
    ----------
    table : DataFrame with case_id, probability, rank (1 is the highest of these cases), decile (1 means as high as the
        highest tenth of the development cases, out of fold), calls, reason_1, ...; one row a case, in order
    notes : what the reader of the files had to say
    drift : measures that have drifted, furthest first
    measured : how many measures were looked at; 0 for fewer than 20 cases
    model : the experiment, such as exp-0007
    id_column : name of the id in the user's files
    seconds : {"load", "read", "predict"} -> wall seconds
    """

    table: pd.DataFrame
    notes: list[str]
    drift: list[Drifted]
    measured: int
    model: str
    id_column: str
    seconds: dict[str, float]

    def all_notes(self) -> list[str]:
        """Notes, with drift as one of them: how many measures have drifted, and which."""
        if not self.drift:
            return self.notes
        # Of a view, the one that is furthest away speaks for the others.
        by_place: dict[str, list[Drifted]] = {}
        for one in self.drift:
            by_place.setdefault(one.place, []).append(one)
        told = [f"{first}{f' and {len(more)} more of this view' if more else ''}" for first, *more in by_place.values()]
        listed = "; ".join(told[:_MOST_DRIFTED])
        more = f"; and {len(told) - _MOST_DRIFTED} other columns and views" if len(told) > _MOST_DRIFTED else ""
        return [
            *self.notes,
            f"drift: {len(self.drift)} of {self.measured} measures differ from the cases that the model learned from, so "
            f"trust its probabilities less: {listed}{more}",
        ]


def predict_cases(
    model_folder: str | Path,
    cases: str | Path | pd.DataFrame,
    transcripts: str | Path | pd.DataFrame | None = None,
    *,
    as_of: str | None = None,
    allow_missing: bool = False,
    reasons: int = 3,
    cores: int = 1,
) -> Predicted:
    """Predict raw rows and transcripts, in the files or frames that people have.

    Parameters
    ----------
    model_folder, cases, transcripts, as_of, allow_missing, reasons : as `nightshift.predict`
    cores : int
        Processes to share the work among, forked, with one thread each; the outcome does not depend on it.

    Raises
    ------
    NightshiftError
        When the folder holds no model, or (InputError) something is wrong with the files.
    """
    clock = _Clock()
    model, reference = load_model(model_folder), load_reference(model_folder)
    worker = _Worker(model, reference, reasons)
    clock.lap("load")
    with shared_among(worker.predict, cores) as every:
        raw, notes = model.read_new(cases, transcripts, as_of, allow_missing)
        notes = notes + _unseen(raw, reference)
        clock.lap("read")
        places = np.arange(len(raw.cases))
        parts = every([raw.take(places[at : at + _CASES_AT_ONCE]) for at in range(0, len(places), _CASES_AT_ONCE)])
    table = _table(raw, np.concatenate([part.logits for part in parts]), reference)
    found, measured = [], 0
    if reference is None:
        notes.append("the model was made by an older nightshift: no deciles, reasons or check for drift")
    else:
        counts = [sum(counts) for counts in zip(*(part.counts for part in parts), strict=True)]
        found, measured = drifted(reference.measures, counts)
        for place in range(reasons):
            table[f"reason_{place + 1}"] = [texts[place] for part in parts for texts in part.reasons]
    clock.lap("predict")
    id_column = model.about["data"]["id"]
    return Predicted(table, notes, found, measured, model.experiment.id, id_column, clock.seconds)


class _Part(NamedTuple):
    """Outcome for some cases: logits, `reasons` texts each (empty where there is nothing to say), counts for drift."""

    logits: np.ndarray
    reasons: list[list[str]]
    counts: list[np.ndarray]


class _Worker:
    """What predicts some cases, in this process or a child."""

    def __init__(self, model: Model, reference: Reference | None, reasons: int):
        self.model, self.reference, self.reasons = model, reference, reasons
        self.explainer = Explainer(model, reference) if reference and reasons else None
        self.words = encoders_of_words(model) if reference else {}

    def predict(self, raw: RawData) -> _Part:
        blocks = self.model.featurize(raw)
        counts = []
        if self.reference is not None:
            familiar = familiar_words(self.words, blocks)
            columns = columns_of(raw, self.model.experiment.views, blocks, familiar)
            counts = counts_of(self.reference.measures, columns)
        if self.explainer is None:
            return _Part(self.model.stack_logits(self.model.predict_bases(blocks, raw)), [[]] * len(raw.cases), counts)
        logits, pushes = self.explainer.predict(blocks, raw)
        told = Reasons(self.model, raw, blocks, self.reference.medians).strongest(pushes, logits, self.reasons)
        return _Part(logits, [[*texts, *[""] * (self.reasons - len(texts))] for texts in told], counts)


def _table(raw: RawData, logits: np.ndarray, reference: Reference | None) -> pd.DataFrame:
    probability = expit(logits)
    calls = raw.turns.groupby("case_id")["call"].nunique().reindex(raw.cases[CASE_ID]).fillna(0).astype(int)
    decile = np.full(len(logits), pd.NA, dtype=object)
    if reference is not None:
        decile = 10 - np.searchsorted(reference.deciles, logits, side="left")
    return pd.DataFrame(
        {
            CASE_ID: raw.cases[CASE_ID].to_numpy(),
            "probability": probability,
            "rank": pd.Series(-logits).rank(method="min").astype(int).to_numpy(),
            "decile": pd.array(decile, dtype="Int64"),
            "calls": calls.to_numpy(),
        }
    )


def _unseen(raw: RawData, reference: Reference | None) -> list[str]:
    """Categories that no development case has; the model takes them as rare ones."""
    notes = []
    for column, known in ({} if reference is None else reference.categories).items():
        new = raw.cases[column][raw.cases[column].notna() & ~raw.cases[column].isin(known)]
        if len(new):
            such = ", ".join(map(repr, new.unique()[:3]))
            notes.append(f"column {column!r}: {len(new)} cases have a value that the model never saw, such as {such}")
    return notes


class _Clock:
    def __init__(self):
        self.seconds: dict[str, float] = {}
        self.last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name], self.last = now - self.last, now
