"""Predictions handed over: the table in a file, and what a terminal shows of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from nightshift.data.schema import CASE_ID
from nightshift.drift import FEWEST
from nightshift.errors import InputError, Problem
from nightshift.files import replacing
from nightshift.prediction import Predicted, predict_cases
from nightshift.spreadsheet import plain_id

_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_ENDINGS = (*_SEPARATORS, ".parquet")


def deliver(
    model: str | Path, cases: str | Path, transcripts: str | Path | None, out: str | Path, **options: Any
) -> str:
    """Predict files into a file.

    Parameters
    ----------
    model : a model folder
    cases, transcripts : files as `nightshift.predict` takes them
    out : .csv, .tsv or .parquet to write
    options : as_of, allow_missing, reasons, cores of `predict_cases`

    Returns
    -------
    str : the summary for a terminal

    Raises
    ------
    NightshiftError
        With one message, before anything is written.
    """
    check_ending(out)
    predicted = predict_cases(model, cases, transcripts, **options)
    write_predictions(out, predicted)
    return summary(predicted, out)


def write_predictions(path: str | Path, predicted: Predicted) -> None:
    """Write the table as .csv, .tsv or .parquet, by the ending; the id has the name that it has in the user's files."""
    path = Path(path)
    check_ending(path)
    table = predicted.table
    if path.suffix != ".parquet":
        # Reasons begin with our own words ("+3 points: "), which no spreadsheet can read as a formula.
        table = table.assign(**{CASE_ID: table[CASE_ID].map(plain_id)})
    table = table.rename(columns={CASE_ID: _free(predicted)})
    with replacing(path) as partial:
        if path.suffix == ".parquet":
            table.to_parquet(partial, index=False)
        else:
            table.to_csv(partial, index=False, sep=_SEPARATORS[path.suffix], float_format="%.6f")


def check_ending(path: str | Path) -> None:
    """Refuse a file that `write_predictions` could not write, before any work is done."""
    if Path(path).suffix not in _ENDINGS:
        what = f"unknown format {Path(path).suffix!r}"
        raise InputError([Problem(what, f"end it in {', '.join(_ENDINGS)}", str(path))], "anything is predicted")


def _free(predicted: Predicted) -> str:
    """The user's name of the id, unless it is one of the other columns."""
    return CASE_ID if predicted.id_column in predicted.table.columns else predicted.id_column


def summary(predicted: Predicted, out: str | Path, number: int = 5) -> str:
    """What a terminal shows: how many, the first few, what is worth knowing."""
    table, seconds = predicted.table, predicted.seconds
    silent = int((table["calls"] == 0).sum())
    spread = table["probability"].quantile([0, 0.5, 1]).tolist()
    lines = [
        f"{out}: {len(table):,} cases predicted by {predicted.model} in {sum(seconds.values()):.1f} s"
        f" ({', '.join(f'{name} {spent:.1f}' for name, spent in seconds.items())})",
        f"Probability {spread[0]:.1%} to {spread[2]:.1%}, median {spread[1]:.1%}; {silent:,} cases without a call.",
    ]
    lines += ["", f"The first {min(number, len(table))}:"] if len(table) else []
    for row in table.nsmallest(number, "rank").to_dict("records"):
        lines.append(f"  {row['rank']:>3}. {row[CASE_ID]}  {row['probability']:.1%}{_tenth(row['decile'])}")
        lines += [f"       {row[name]}" for name in table.columns if name.startswith("reason_") and row[name]]
    lines += ["", "Worth knowing:"] if predicted.all_notes() else []
    lines += [f"  - {note}" for note in predicted.all_notes()]
    if not predicted.drift:
        lines += ["", _no_drift(predicted)]
    return "\n".join(lines) + "\n"


def _tenth(decile: Any) -> str:
    return "" if pd.isna(decile) else f"  decile {decile}"


def _no_drift(predicted: Predicted) -> str:
    if predicted.measured:
        return f"No drift: none of {predicted.measured} measures differs from the cases that the model learned from."
    return f"Whether the new data drifts was not looked at: that takes {FEWEST} cases or more."
