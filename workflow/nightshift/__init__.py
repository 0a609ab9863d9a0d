"""nightshift: a night of machine-learning experiments on a table of cases and the transcripts of their calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__version__ = "0.1.0"


def predict(model: str | Path, cases: str | Path | pd.DataFrame, transcripts: str | Path | pd.DataFrame | None = None):
    """Predict new rows and calls with a model folder such as results/champion.

    Parameters
    ----------
    model : path of the folder
    cases : path or DataFrame of raw rows, as data.cases; the target is not needed
    transcripts : path or DataFrame of raw turns, as data.transcripts

    Returns
    -------
    DataFrame with case_id and probability, one row a case, in order.

    Raises
    ------
    nightshift.errors.InputError
        Everything that is wrong with the files, in one message.
    """
    from nightshift.model import load_model

    return load_model(model).predict(cases, transcripts)
