"""All that is said in calls, wherever it stands: transcripts, and transcript columns of the cases."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from nightshift.config import Data
from nightshift.data import tables
from nightshift.data import transcripts as transcripts_of
from nightshift.data.schema import CASE_ID
from nightshift.errors import InputError, Problem


def read_spoken(
    source: str | Path | pd.DataFrame | None,
    columns: pa.Table | None,
    name: str,
    data: Data,
    ids: list[str],
    form: str | None,
    problems: list[Problem],
) -> tuple[pd.DataFrame | None, list[str]]:
    """Turns of both as they stand (`transcripts.read_turns`), or None where there is neither, and warnings.

    Parameters
    ----------
    source : path, DataFrame or None
        The transcripts.
    columns : pyarrow.Table or None
        Turns of the transcript columns (`prepare.Prepared.spoken`).
    name : str
        What messages call the transcripts.
    data : Data
    ids : list of str
        Of all cases.
    form : str or None
        How times are written, as found in earlier turns.
    problems : list of Problem
        What is wrong is added here.
    """
    raw, warnings, named = None, [], data.turn_columns
    try:
        if isinstance(source, pd.DataFrame):
            table = tables.table_of_frame(source, name)
            raw, warnings = transcripts_of.turns_of_table(table, name, data.id, form, named)
        elif source:
            raw, warnings = transcripts_of.read_turns(source, name, data.id, ids, form, named, data.encoding)
    except InputError as error:
        problems += error.problems
    if columns is None:
        return raw, warnings
    more, _ = transcripts_of.turns_of_table(columns, name, CASE_ID)
    if raw is None:
        return more, warnings
    both = pd.concat([raw, more], ignore_index=True)
    both.attrs = dict(raw.attrs)
    return both, warnings
