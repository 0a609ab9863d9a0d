"""Numbers as most of Europe writes them: 1.234,56 or 1 234,56, by `data.decimal: ','`."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from nightshift.data import tables, values

_SIGNS = r"[€$£¥%]|EUR|USD|GBP|CHF|kr\.?|zł"
# 1.234.567,89 / 1 234 567,89 / 1'234'567,89 / 1234,5; blanks may be those that do not break.
_NUMBER = r"[+-]?(?:\d{1,3}(?:[.'’ \x{a0}\x{202f}]\d{3})+|\d+)(?:,\d+)?"
_WHOLE = rf"^\s*(?:{_SIGNS})?\s*{_NUMBER}\s*(?:{_SIGNS})?\s*$"


def with_points(table: pa.Table, keep: Collection[str]) -> pa.Table:
    """Rewrite each cell that is such a number as whole, with its currency or percent sign, as a plain one.

    Columns that were typed numbers in their source stay: there are no commas in them, and 0.125 is no thousand.

    Parameters
    ----------
    table : pyarrow.Table of text
    keep : names of columns that are no numbers whatever they look like (ids, groups, the target)

    Returns
    -------
    pyarrow.Table
        Each cell by itself, so that new rows are read alike. Codes such as 01234 stay.
    """
    columns = [
        tables.column(table, name) if name in keep or values.is_typed(table, name) else _pointed(tables.column(table, name))
        for name in table.column_names
    ]
    return pa.Table.from_arrays(columns, schema=table.schema)


def writes_commas(text: pa.Array) -> bool:
    """Whether a column writes its numbers so: nearly all are, and some could be read in no other way."""
    present = text.drop_null()
    if len(present) == 0:
        return False
    fits = pc.match_substring_regex(present, _WHOLE)
    # 1,234 is a thousand to an American; 12,5 and 1.234,5 are not.
    plain = pc.match_substring_regex(present, r"\d,\d{1,2}\D*$|\d,\d{4,}\D*$|\.\d{3},\d")
    return pc.mean(fits).as_py() >= 0.95 and pc.any(plain).as_py()


def _pointed(text: pa.Array) -> pa.Array:
    fits = pc.match_substring_regex(text, _WHOLE)
    coded = pc.match_substring_regex(text, r"^\s*0\d")
    bare = pc.replace_substring_regex(text, rf"{_SIGNS}|[.'’\s\x{{a0}}\x{{202f}}]", "")
    plain = pc.replace_substring(bare, ",", ".")
    return pc.if_else(pc.and_(fits, pc.invert(coded)), plain, text)
