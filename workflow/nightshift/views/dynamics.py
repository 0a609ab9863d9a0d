"""View `dynamics`: how the conversation goes, whatever is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from nightshift.views.base import Columns, RawData, View
from nightshift.views.turns import place_in_call

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from optuna.trial import BaseTrial

    from nightshift.card import Card

_LONG_PAUSE = 2.0  # seconds


class DynamicsView(View):
    """Talk ratio, turns, questions, numbers, pace, silences, interruptions, and how they move over a call and over calls.

    `speakers` get columns of their own. Times (start, end, date of the call) give more columns where the turns have
    them; without, those columns are missing values. A case without turns is all missing but for its zero counts.
    """

    kind: Literal["dynamics"] = "dynamics"
    speakers: tuple[str, ...] = ()

    def featurize(self, data: RawData) -> Columns:
        turns = _measure(data)
        n_cases = len(data.cases)
        parts = [_volume(turns, n_cases), _timing(turns, n_cases), _calls(turns, n_cases)]
        parts += [_speaker(turns, name, n_cases) for name in self.speakers]
        return Columns(_side_by_side(parts, n_cases))

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str, card: Card) -> DynamicsView:
        return cls(speakers=card.speakers)


def _measure(data: RawData) -> pd.DataFrame:
    """One row a turn with everything that the columns are made of; `case` is the row of the case."""
    import pandas as pd

    turns, text = data.turns, data.turns["text"]
    call = [turns["case_id"], turns["call"]]
    previous_end = turns["end"].groupby(call, sort=False).shift()
    seconds = turns["end"] - turns["start"]
    return pd.DataFrame(
        {
            "case": data.case_codes(),
            "call": turns["call"].to_numpy(),
            "speaker": turns["speaker"].to_numpy(),
            "words": text.str.count(r"\w+").astype("float64"),
            "questions": text.str.contains("?", regex=False).astype("float64"),
            "exclamations": text.str.contains("!", regex=False).astype("float64"),
            "numbers": text.str.count(r"\d+").astype("float64"),
            "place": place_in_call(turns),
            "changes": (turns["speaker"] != turns["speaker"].groupby(call, sort=False).shift()).astype("float64"),
            "seconds": seconds.where(seconds > 0),
            "gap": turns["start"] - previous_end,
            "time": turns["time"],
        }
    )


def _volume(turns: pd.DataFrame, n_cases: int) -> dict[str, np.ndarray]:
    by_case = turns.groupby("case")
    late, early = turns[turns["place"] >= 2 / 3].groupby("case"), turns[turns["place"] < 1 / 3].groupby("case")
    return {
        "turns": _spread(by_case.size(), n_cases, 0),
        "words": _spread(by_case["words"].sum(), n_cases, 0),
        "words a turn": _spread(by_case["words"].mean(), n_cases),
        "longest turn": _spread(by_case["words"].max(), n_cases),
        "spread of turn length": _spread(by_case["words"].std(ddof=0), n_cases),
        "questions a turn": _spread(by_case["questions"].mean(), n_cases),
        "exclamations a turn": _spread(by_case["exclamations"].mean(), n_cases),
        "numbers a turn": _spread(by_case["numbers"].mean(), n_cases),
        "changes of speaker a turn": _spread(by_case["changes"].mean(), n_cases),
        "turn length, late minus early": _spread(late["words"].mean() - early["words"].mean(), n_cases),
        "questions, late minus early": _spread(late["questions"].mean() - early["questions"].mean(), n_cases),
    }


def _timing(turns: pd.DataFrame, n_cases: int) -> dict[str, np.ndarray]:
    timed = turns[turns["seconds"].notna()].groupby("case")
    gaps = turns[turns["gap"].notna()]
    by_case = gaps["gap"].groupby(gaps["case"])
    return {
        "seconds of talk": _spread(timed["seconds"].sum(), n_cases),
        "words a second": _spread(timed["words"].sum() / timed["seconds"].sum(), n_cases),
        "mean pause": _spread(gaps["gap"].clip(lower=0).groupby(gaps["case"]).mean(), n_cases),
        "longest pause": _spread(by_case.max(), n_cases),
        "long pauses a turn": _spread((gaps["gap"] > _LONG_PAUSE).groupby(gaps["case"]).mean(), n_cases),
        "interruptions a turn": _spread((gaps["gap"] < 0).groupby(gaps["case"]).mean(), n_cases),
    }


def _calls(turns: pd.DataFrame, n_cases: int) -> dict[str, np.ndarray]:
    calls = (
        turns.groupby(["case", "call"], sort=False)
        .agg(turns=("words", "size"), words=("words", "mean"), questions=("questions", "mean"), time=("time", "min"))
        .reset_index()
    )
    by_case = calls.groupby("case")
    days = (by_case["time"].max() - by_case["time"].min()).dt.total_seconds() / 86400
    several = by_case.size() > 1
    moves = {
        f"{column}, last call minus first": _spread(
            (by_case[column].last() - by_case[column].first())[several], n_cases
        )
        for column in ("turns", "words", "questions")
    }
    return {
        "calls": _spread(by_case.size(), n_cases, 0),
        "turns a call": _spread(by_case["turns"].mean(), n_cases),
        "days from first to last call": _spread(days, n_cases),
        "days between calls": _spread((days / (by_case.size() - 1))[several], n_cases),
        **moves,
    }


def _speaker(turns: pd.DataFrame, name: str, n_cases: int) -> dict[str, np.ndarray]:
    own = turns[turns["speaker"] == name]
    everybody, by_case = turns.groupby("case"), own.groupby("case")
    share = (by_case["words"].sum() / everybody["words"].sum()).fillna(0)
    late = _share_of_words(turns[turns["place"] >= 2 / 3], name)
    early = _share_of_words(turns[turns["place"] < 1 / 3], name)
    gaps = own[own["gap"].notna()]
    return {
        f"{name}: share of words": _spread(share, n_cases),
        f"{name}: share of words, late minus early": _spread(late - early, n_cases),
        f"{name}: words a turn": _spread(by_case["words"].mean(), n_cases),
        f"{name}: longest turn": _spread(by_case["words"].max(), n_cases),
        f"{name}: questions a turn": _spread(by_case["questions"].mean(), n_cases),
        f"{name}: exclamations a turn": _spread(by_case["exclamations"].mean(), n_cases),
        f"{name}: numbers a turn": _spread(by_case["numbers"].mean(), n_cases),
        f"{name}: words a second": _spread(
            own[own["seconds"].notna()].groupby("case")["words"].sum() / by_case["seconds"].sum(min_count=1), n_cases
        ),
        f"{name}: pause before speaking": _spread(gaps["gap"].clip(lower=0).groupby(gaps["case"]).mean(), n_cases),
        f"{name}: interrupts": _spread((gaps["gap"] < 0).groupby(gaps["case"]).mean(), n_cases),
    }


def _share_of_words(turns: pd.DataFrame, speaker: str) -> pd.Series:
    own = turns["words"].where(turns["speaker"] == speaker, 0.0)
    return own.groupby(turns["case"]).sum() / turns["words"].groupby(turns["case"]).sum()


def _spread(values: pd.Series, n_cases: int, missing: float = float("nan")) -> np.ndarray:
    """Values indexed by case row -> one value for every case."""
    import pandas as pd

    return values.astype("float64").reindex(pd.RangeIndex(n_cases)).fillna(missing).to_numpy()


def _side_by_side(parts: list[dict[str, np.ndarray]], n_cases: int) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame({name: column for part in parts for name, column in part.items()}, index=range(n_cases))
    return frame.replace([np.inf, -np.inf], np.nan)
