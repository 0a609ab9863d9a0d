"""View `table`: the columns of the cases."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, ClassVar, Literal

from nightshift.views.base import Columns, RawData, View

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from optuna.trial import BaseTrial

    from nightshift.card import Card

_PAIRS_OF_DATES = 6
_DATE_PARTS = ("year", "month", "day", "hour", "weekday", "day_of_year", "total_seconds")  # DatetimeEncoder's


class TableView(View):
    """Numbers as they are, dates into parts and distances between them, categories as strings, free text as its length.

    Rare categories, missing values and scaling are fitted in the fold (`nightshift.encode`). Dates go through
    `skrub.DatetimeEncoder`, whose only state is which parts it makes: the same whatever dates there are.
    """

    needs_turns: ClassVar[bool] = False
    libraries: ClassVar[tuple[str, ...]] = ("numpy", "pandas", "skrub")

    kind: Literal["table"] = "table"

    def featurize(self, data: RawData) -> Columns:
        import pandas as pd

        by_kind = {
            "numeric": _number,
            "boolean": _number,
            "datetime": _date_parts,
            "category": _category,
            "text": _length,
        }
        parts = [by_kind[kind](data.cases[name]) for name, kind in data.kinds.items() if kind in by_kind]
        parts.append(_days_between(data))
        frame = pd.concat([part.reset_index(drop=True) for part in parts], axis=1)
        return Columns(frame.set_axis(pd.RangeIndex(len(data.cases))))

    def source_of(self, column: str, kinds: Mapping[str, str]) -> str:
        """The date of a part of a date, the text of a length."""
        for name, kind in kinds.items():
            part = column.removeprefix(f"{name}_")
            if (kind == "datetime" and part != column and part in _DATE_PARTS) or (
                kind == "text" and column == f"{name} words"
            ):
                return name
        return column

    @classmethod
    def offered(cls, card: Card) -> bool:
        return bool(card.columns)

    @classmethod
    def suggest(cls, trial: BaseTrial, prefix: str, card: Card) -> TableView:
        return cls()


def _number(column: pd.Series) -> pd.DataFrame:
    return column.astype("float64").to_frame()


def _category(column: pd.Series) -> pd.DataFrame:
    return column.astype("str").to_frame()


def _length(column: pd.Series) -> pd.DataFrame:
    words = column.astype("str").str.count(r"\w+").astype("float64")
    return words.rename(f"{column.name} words").to_frame()


def _date_parts(column: pd.Series) -> pd.DataFrame:
    import pandas as pd
    from skrub import DatetimeEncoder

    dates = pd.to_datetime(column).astype("datetime64[us]")
    encoder = DatetimeEncoder(resolution="hour", add_weekday=True, add_day_of_year=True, add_total_seconds=True)
    # Fitted to the dates themselves it would leave the hour out where all of them are days, and refuse a column without any.
    encoder.fit(pd.Series([pd.Timestamp("2000-01-01 12:34")], name=column.name).astype("datetime64[us]"))
    parts = encoder.transform(dates).astype("float64")
    hour = f"{column.name}_hour"
    # Of a day without a time the hour is not known, be it alone or among dates with times; of days alone nothing is left of it.
    return parts.assign(**{hour: parts[hour].where((dates != dates.dt.normalize()).to_numpy())})


def _days_between(data: RawData) -> pd.DataFrame:
    import pandas as pd

    dates = [name for name, kind in data.kinds.items() if kind == "datetime"]
    pairs = list(itertools.combinations(dates, 2))[:_PAIRS_OF_DATES]
    days = {
        f"days from {first} to {second}": (
            pd.to_datetime(data.cases[second]) - pd.to_datetime(data.cases[first])
        ).dt.total_seconds()
        / 86400
        for first, second in pairs
    }
    return pd.DataFrame(days, index=data.cases.index)
