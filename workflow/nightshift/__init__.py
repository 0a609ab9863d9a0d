"""nightshift: a night of machine-learning experiments on a table of cases and the transcripts of their calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__version__ = "0.1.0"


def predict(
    model: str | Path,
    cases: str | Path | pd.DataFrame,
    transcripts: str | Path | pd.DataFrame | None = None,
    *,
    as_of: str | None = None,
    allow_missing: bool = False,
    reasons: int = 0,
):
    """Predict new rows and calls with a model folder such as results/champion.

    Parameters
    ----------
    model : path of the folder
    cases : path or DataFrame of raw rows, as data.cases; the target is not needed
    transcripts : path or DataFrame of raw turns, as data.transcripts; needed where the model learned from them
    as_of : the moment of the prediction; turns held later are left out
    allow_missing : take columns that are not there as missing values, and calls that are not there as none, instead of refusing
    reasons : how many reasons to give for each case

    Returns
    -------
    DataFrame with case_id, probability, rank, decile and calls, and reason_1 and so on; one row a case, in order.
    What is worth knowing of the files, such as drift, is said by warnings.

    Raises
    ------
    nightshift.errors.InputError
        Everything that is wrong with the files, in one message.
    """
    import warnings

    from nightshift.prediction import predict_cases

    made = predict_cases(model, cases, transcripts, as_of=as_of, allow_missing=allow_missing, reasons=reasons)
    for note in made.all_notes():
        warnings.warn(note, stacklevel=2)
    return made.table
