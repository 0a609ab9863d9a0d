"""Texts in tables that people open in spreadsheets, which take some of them for formulas and run them (CWE-1236)."""

from __future__ import annotations

import re

# As East Asian keyboards write them too; and a quote, which hides one, or opens a cell that ends rows later.
_STARTS = tuple('=+-@"\uff1d\uff0b\uff0d\uff20')
_DOES_SOMETHING = re.compile(r"[(|!]")  # a call, a link to another program, a cell elsewhere


def plain_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula: with an apostrophe before it where it looks like one."""
    return f"'{text}" if text.lstrip().startswith(_STARTS) else text


def plain_id(text: str) -> str:
    """As `plain_text`, for names that are looked up elsewhere: "@ann" and "-17" stay, "=HYPERLINK(A1)" does not."""
    return plain_text(text) if _DOES_SOMETHING.search(text) else text
