"""Arrays of turns as text with speakers and times."""

from __future__ import annotations

import numpy as np
import pandas as pd

from nightshift.demo.book import LEADS, NOTHING, book
from nightshift.demo.calls import Turns


def to_frame(
    turns: Turns, ids: np.ndarray, created: np.ndarray, cast: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Turns with case_id, call, turn, speaker, text, start and end in seconds, time of the call.

    Parameters
    ----------
    turns : Turns
    ids : object array (n_deals,)
    created : datetime64[D] array (n_deals,)
    cast : int array (n_deals,)
    rng : Generator
    """
    return pd.DataFrame(
        {
            "case_id": ids[turns.deal],
            "call": turns.call,
            "turn": turns.turn,
            "speaker": np.where(turns.customer, "customer", "rep").astype(object),
            "text": _texts(turns, cast),
            "start": turns.start / 100,
            "end": turns.end / 100,
            "time": _times(turns, created, rng),
        }
    )


def _texts(turns: Turns, cast: np.ndarray) -> np.ndarray:
    names = cast[turns.deal]
    first, second, third = turns.sentences.T
    leads = np.array(LEADS, dtype=object)[turns.lead]
    text = np.where(turns.lead > 0, leads + book().clause[names, first], book().text[names, first])
    for sentence in (second, third):
        text = text + np.where(sentence == NOTHING, "", " ").astype(object) + book().text[names, sentence]
    return text


def _times(turns: Turns, created: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Calls are two to twenty days apart and begin in office hours."""
    begins = turns.turn == 0
    of_call = np.cumsum(begins) - 1
    deal, call = turns.deal[begins], turns.call[begins]
    waits = np.cumsum(rng.integers(2, 21, len(deal)))
    first = np.flatnonzero(call == 1)
    days = waits - np.repeat((np.append(0, waits))[first], np.diff(np.append(first, len(deal))))
    minutes = rng.integers(8 * 60, 18 * 60, len(deal)) // 5 * 5
    moments = created[deal].astype("datetime64[m]") + days.astype("timedelta64[D]") + minutes.astype("timedelta64[m]")
    return moments.astype("datetime64[s]").astype(str).astype(object)[of_call]
