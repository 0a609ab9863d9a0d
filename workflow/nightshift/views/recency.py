"""View `recency`: the history of a case's calls, whatever is said in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from nightshift.views.base import Columns, RawData, View

if TYPE_CHECKING:
    import pandas as pd
    from optuna.trial import BaseTrial

    from nightshift.card import Card

_DAY = 86400.0


class RecencyView(View):
    """Calls of a case: how many, how long, how far apart, when the last, and how long before the dates of the case.

    Needs dates of calls; where a case has none (or no call), its columns are missing values and its counts 0.
    """

    kind: Literal["recency"] = "recency"

    def featurize(self, data: RawData) -> Columns:
        import pandas as pd

        calls = _calls(data)
        by_case = calls.groupby("case")
        first, last = by_case["time"].min(), by_case["time"].max()
        gaps = calls["gap"].groupby(calls["case"])
        columns = {
            "calls": by_case.size(),
            "days from first to last call": (last - first).dt.total_seconds() / _DAY,
            "mean gap in days": gaps.mean(),
            "longest gap in days": gaps.max(),
            "last gap in days": gaps.last(),
            "last gap over mean gap": gaps.last() / gaps.mean(),
            "turns of the last call": by_case["turns"].last(),
            "turns of the last call over mean": by_case["turns"].last() / by_case["turns"].mean(),
            "weekday of the last call": last.dt.day_of_week,
            "hour of the last call": last.dt.hour,
        }
        columns |= _days_to_dates(data, first, last)
        frame = pd.DataFrame(columns).reindex(pd.RangeIndex(len(data.cases))).astype("float64")
        return Columns(frame.replace([float("inf"), float("-inf")], float("nan")).fillna({"calls": 0.0}))

    def in_words(self) -> str:
        return "the history of calls"

    @classmethod
    def offered(cls, card: Card) -> bool:
        return card.dated

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str, card: Card) -> RecencyView:
        return cls()


def _calls(data: RawData) -> pd.DataFrame:
    """One row a call, in order of time: row of its case, time, turns, days since the call before."""
    turns = data.turns.assign(case=data.case_codes())
    calls = turns.groupby(["case", "call"], sort=False).agg(time=("time", "min"), turns=("text", "size")).reset_index()
    calls = calls.sort_values(["case", "time"], kind="stable", na_position="first")
    calls["gap"] = calls.groupby("case")["time"].diff().dt.total_seconds() / _DAY
    return calls


def _days_to_dates(data: RawData, first: pd.Series, last: pd.Series) -> dict[str, pd.Series]:
    import pandas as pd

    found = {}
    for name in (name for name, kind in data.kinds.items() if kind == "datetime"):
        date = pd.to_datetime(data.cases[name]).reset_index(drop=True)
        found[f"days from last call to {name}"] = (date - last).dt.total_seconds() / _DAY
        found[f"days from first call to {name}"] = (date - first).dt.total_seconds() / _DAY
    return found
