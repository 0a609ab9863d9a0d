"""Calls that stand whole in one cell of a table: a transcript column of the CRM, one row a call."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa

from nightshift.data import dialogues, values
from nightshift.data.folders import ALIASES

_BREAK = re.compile(r"<br\s*/?>|\\n|\r\n?", re.IGNORECASE)
_TIMES = re.compile(r"^\s*\d{1,2}:\d{2}(:\d{2})?[.,]\d{1,3}\s+-->", re.MULTILINE)
# "Rep: hello. Ann Lee: hi" on one line: a capital word or two before a colon, or a role.
_ROLES = "agent customer rep client caller user advisor kunde berater speaker".split()
_NAME = re.compile(r"(?<!\S)((?:[^\W\d_a-z][\w'’-]* )?)(" + "|".join(_ROLES) + r"|[^\W\d_a-z][\w'’-]*):\s")


def turns_of_cell(text: str) -> list[dict[str, Any]]:
    """Turns of one call: WebVTT, SubRip or "Speaker: text" lines (or no line breaks at all), as in files of their own.

    What names no speaker is one turn.
    """
    text = _BREAK.sub("\n", text).strip()
    try:
        if text.startswith("WEBVTT"):
            return dialogues.parse_captions(text, "vtt")
        if _TIMES.search(text):
            return dialogues.parse_captions(text, "srt")
    except dialogues.BadTranscriptError:
        pass  # words that look like captions are words
    if "\n" not in text:
        text = _broken_at_names(text)
    return dialogues.parse_lines(text)


def is_dialogue(text: str) -> bool:
    """Whether two speakers take turns in a text."""
    turns = turns_of_cell(text)
    return len(turns) > 1 and len({turn.get("speaker") for turn in turns if turn.get("speaker")}) > 1


def turns_of_columns(ids: list[str | None], columns: dict[str, list[str | None]]) -> pa.Table:
    """Turns of all cells of the transcript columns of the cases.

    Parameters
    ----------
    ids : of the cases, row by row
    columns : name of a column to its cells; the name is the call's

    Returns
    -------
    pyarrow.Table
        Columns as `folders.ALIASES`, large_string.
    """
    rows = [
        [case, name, *_cells(turn, position)]
        for name, cells in columns.items()
        for case, text in zip(ids, cells, strict=True)
        if text and case
        for position, turn in enumerate(turns_of_cell(text))
    ]
    names = list(ALIASES)
    made = zip(*rows, strict=True) if rows else [()] * len(names)
    return pa.Table.from_arrays([values.blank_to_null(pa.array(column, values.TEXT)) for column in made], names=names)


def _cells(turn: dict[str, Any], position: int) -> list[str | None]:
    turn = {"position": position, **turn}
    return [values.text_of_value(turn.get(ours)) for ours in ALIASES if ours not in ("case_id", "call")]


def _broken_at_names(text: str) -> str:
    """A line break before each name that speaks, where at least two do."""
    names = {match[1] + match[2] for match in _NAME.finditer(text)}
    if len(names) < 2:
        return text

    def broken(match: re.Match[str]) -> str:
        # In "Thanks Ann: ..." only Ann speaks, where she does so elsewhere.
        alone = match[1] and match[2] in names
        return f"{match[1]}\n{match[2]}: " if alone else f"\n{match[0]}"

    return _NAME.sub(broken, text).strip()


def split_dialogues(table: pa.Table, found: dict[str, str]) -> tuple[pa.Table, dict[str, str]]:
    """Rows of a table without speakers that hold a whole call, taken apart into turns; other rows stay one turn.

    Parameters
    ----------
    table : pyarrow.Table of text
    found : our names of columns to the table's (`transcripts.match_columns`)

    Returns
    -------
    (pyarrow.Table, dict)
        The table with more rows and columns, and their names; both as they came where no row holds a dialogue.
    """
    texts = table.column(found["text"]).to_pylist()
    split = [turns_of_cell(text) if text and is_dialogue(text) else [{"text": text}] for text in texts]
    if all(len(turns) == 1 for turns in split):
        return table, found
    rows = [row for row, turns in enumerate(split) for _ in turns]
    made = {
        ours: pa.array([values.text_of_value(turn.get(ours)) for turns in split for turn in turns], values.TEXT)
        for ours in ("text", "speaker", "start", "end")
    }
    if "call" not in found:
        made["call"] = pa.array([str(row + 1) for row in rows], values.TEXT)  # a row was a call
    whole = table.take(pa.array(rows, pa.int64()))
    # The position of a row in its file says nothing about the turns within.
    kept = {ours: theirs for ours, theirs in found.items() if ours not in {*made, "position"}}
    arrays = {ours: whole.column(theirs) for ours, theirs in kept.items()} | made
    return pa.table({ours: values.blank_to_null(column) for ours, column in arrays.items()}), {o: o for o in arrays}
