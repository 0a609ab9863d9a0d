"""View `sql`: columns that one SQL query makes of the cases and their turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from nightshift.sandbox import LONGEST, Limits, SqlRefused, cases_table, select_table, turns_table
from nightshift.views.base import Columns, RawData, View

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

_MOST_COLUMNS = 1000
_FEWEST_CASES = 4  # with fewer, halves say nothing
_TOLERANCE = 1e-9

_REMEDIES = {
    "temporal": "a date or time is no feature: make a number of it, e.g. date_diff('day', start_date, end_date)",
    "list": "a list is no feature: make a number or a string of it, e.g. len(x), list_sum(x) or array_to_string(x, ' ')",
    "nested": "a struct or map is no feature: select its fields one by one, e.g. x.field AS field",
    "other": "only numbers, booleans and strings are features: cast it, e.g. x::DOUBLE or x::VARCHAR",
}


class SqlView(View):
    """Columns of one DuckDB SELECT over `cases` and `turns`, run in `nightshift.sandbox`.

    `cases` has case_id and the feature columns, `turns` has case_id, call, position, speaker, text, start, end, time.
    The result holds case_id, once each at most, and number, boolean or string columns; cases that it leaves out are
    missing values. A case's row must not depend on other cases: random halves of the cases, three of them and single
    ones, computed alone, must give the same rows.
    """

    libraries: ClassVar[tuple[str, ...]] = ("duckdb", "numpy", "pandas", "pyarrow")
    modules: ClassVar[tuple[str, ...]] = (
        "nightshift.sandbox.parent",
        "nightshift.sandbox.child",
        "nightshift.sandbox.grammar",
        "nightshift.sandbox.tables",
    )

    kind: Literal["sql"] = "sql"
    query: Annotated[str, Field(min_length=1, max_length=LONGEST)] = Field(
        description="One DuckDB SELECT over `cases` and `turns` that returns case_id and feature columns, a row a case."
    )

    def featurize(self, data: RawData) -> Columns:
        """As `View.featurize`.

        Raises
        ------
        SqlRefused
            The query is not allowed or is wrong, its result is no view, or a row depends on other cases.
        """
        whole = self._rows(data)
        for rows in _parts(len(data.cases)):
            _check_same(whole, rows, self._rows(data.take(rows)), data.cases["case_id"])
        return Columns(whole)

    def check(self, data: RawData, limits: Limits) -> None:
        """Run the query and look at the columns of its result alone; with no rows in `data` it reads nothing of anybody.

        Raises
        ------
        SqlRefused
            As `featurize`, but for what only rows can show.
        """
        _check_columns(select_table(self.query, {"cases": cases_table(data), "turns": turns_table(data)}, limits))

    def _rows(self, data: RawData) -> pd.DataFrame:
        """One row for every row of `data.cases`, in that order."""
        ids = data.cases["case_id"].astype("str")
        result = select_table(self.query, {"cases": cases_table(data), "turns": turns_table(data)})
        _check_columns(result)
        frame = result.drop_columns(["case_id"])
        made = {name: _feature(frame.column(name)) for name in frame.column_names}
        return _joined(made, result.column("case_id"), ids)


def _check_columns(result: pa.Table) -> None:
    names = result.column_names
    if "case_id" not in names:
        raise SqlRefused("the query returns no column case_id: add it, and GROUP BY case_id where it aggregates")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SqlRefused(f"the query returns two columns called {twice!r}: give one another name with AS")
    if len(names) == 1:
        raise SqlRefused("the query returns nothing but case_id: add the columns that are features")
    if len(names) > _MOST_COLUMNS + 1:
        raise SqlRefused(f"the query returns {len(names) - 1:,} columns: return at most {_MOST_COLUMNS:,}")
    for field in result.schema:
        if field.name != "case_id" and (trouble := _trouble(field.type)):
            raise SqlRefused(f"column {field.name!r} is {field.type}; {_REMEDIES[trouble]}")


def _trouble(kind: pa.DataType) -> str | None:
    """Why a type is no feature's: a key of `_REMEDIES`, None if it is one."""
    from pyarrow import types

    if types.is_temporal(kind):
        return "temporal"
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return "list"
    if types.is_struct(kind) or types.is_map(kind):
        return "nested"
    return None if _is_string(kind) or _is_number(kind) else "other"


def _is_number(kind: pa.DataType) -> bool:
    from pyarrow import types

    return any(test(kind) for test in (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean))


def _is_string(kind: pa.DataType) -> bool:
    from pyarrow import types

    return (
        types.is_string(kind)
        or types.is_large_string(kind)
        or (types.is_dictionary(kind) and _is_string(kind.value_type))
    )


def _feature(column: pa.ChunkedArray) -> Any:
    """float64 or str, missing values as NaN."""
    import numpy as np
    import pyarrow as pa

    if _is_string(column.type):
        return column.cast(pa.large_string()).to_pandas().astype("str")
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    numbers = column.cast(pa.float64(), safe=False).to_pandas()
    return numbers.where(np.isfinite(numbers))


def _joined(made: dict[str, Any], returned: pa.ChunkedArray, ids: pd.Series) -> pd.DataFrame:
    """Columns in the order of the result, rows in the order of `ids`."""
    import pandas as pd

    found = pd.Index(returned.to_pandas().astype("str"))
    if found.hasnans:
        raise SqlRefused("the query returns a row whose case_id is NULL: start from cases, or leave such rows out")
    if not found.is_unique:
        twice = found[found.duplicated()][0]
        raise SqlRefused(
            f"the query returns case {twice!r} more than once: GROUP BY case_id, so that a case is one row"
        )
    unknown = found[~found.isin(ids)]
    if len(unknown):
        raise SqlRefused(f"the query returns case {unknown[0]!r}, which is not in cases: return case_id as it is")
    frame = pd.DataFrame(made).set_axis(found)
    return frame.reindex(pd.Index(ids)).reset_index(drop=True)


def _parts(n_cases: int) -> tuple[np.ndarray, ...]:
    """A random half of the rows and the other half: whichever case weighs on all others is missing in one of them. Then a
    few cases, and two alone: what counts cases, or the values that they have, is the same in halves of many."""
    import numpy as np

    if n_cases < _FEWEST_CASES:
        return ()
    order = np.random.default_rng(0).permutation(n_cases)
    return order[: n_cases // 2], order[n_cases // 2 :], order[:3], order[:1], order[-1:]


def _check_same(whole: pd.DataFrame, rows: np.ndarray, alone: pd.DataFrame, ids: pd.Series) -> None:
    """Refuse a query that gives some cases other rows when it sees a part of the cases."""
    if list(alone) != list(whole):
        raise SqlRefused("the columns of the result depend on the data: name each column in the query")
    for name in whole:
        differs = _differs(whole[name].iloc[rows], alone[name])
        if differs.any():
            first = int(differs.argmax())
            case, before, after = ids.iloc[rows[first]], whole[name].iloc[rows[first]], alone[name].iloc[first]
            raise SqlRefused(
                f"a case's row depends on other cases: {name!r} of case {case!r} is {_said(before)} among all cases and "
                f"{_said(after)} among {len(rows):,} of them; window functions, aggregates, LIMIT and joins over all of cases or "
                "turns do that: group by case_id, or partition by it"
            )


def _said(value: float | str) -> str:
    return repr(value) if isinstance(value, str) else f"{value:.6g}"


def _differs(before: pd.Series, after: pd.Series) -> np.ndarray:
    """Which values are not the same, bool (n,): exact for strings, up to rounding for numbers."""
    import numpy as np

    if before.dtype != "float64" or after.dtype != "float64":
        left, right = before.to_numpy(dtype=object), after.to_numpy(dtype=object)
        return (left != right) & ~(before.isna().to_numpy() & after.isna().to_numpy())
    left, right = before.to_numpy(), after.to_numpy()
    scale = np.nanmax(np.abs(left), initial=0.0)
    return ~np.isclose(left, right, rtol=_TOLERANCE, atol=_TOLERANCE * scale, equal_nan=True)
