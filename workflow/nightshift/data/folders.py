"""A folder of transcripts, one file a call, named by case."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pyarrow as pa

from nightshift.data import dialogues, values
from nightshift.errors import InputError, Problem
from nightshift.progress import over

# Our name first; the others are what call recorders and CRMs write.
ALIASES = {
    "case_id": ("case_id", "case"),
    "call": ("call", "call_id", "conversation_id"),
    "position": ("position", "turn", "index", "turn_index"),
    "speaker": ("speaker", "role"),
    "text": ("text", "content", "utterance", "message"),
    "start": ("start", "start_time", "start_seconds"),
    "end": ("end", "end_time", "end_seconds"),
    "time": ("time", "timestamp", "date", "called_at", "call_time"),
}
MOST_LISTED = 20
_OF_TURN = tuple(ours for ours in ALIASES if ours not in ("case_id", "call"))
_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 6  # of an id
_COMPACT_DAY = re.compile(r"(?<!\d)(20\d\d)(\d\d)(\d\d)[-_T](\d\d)(\d\d)(?:\d\d)?(?!\d)")
# Not to be taken for ids: 2024-05-31, 31.05.2024, GMT20240531-140522, 14-05-22.
_DATES = re.compile(r"(?<!\d)(?:\d{4}[-._]\d\d[-._]\d\d|\d\d[-._]\d\d[-._]\d{4}|20\d{6}(?:[-_T]\d{4,6})?)(?!\d)")
_DAY_IN_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T _](\d{2})[-:]?(\d{2}))?")


def read_folder(
    path: Path, name: str, known: Collection[str], encoding: str | None = None
) -> tuple[pa.Table, list[str]]:
    """All turns of all files, as text.

    Parameters
    ----------
    path : Path
        Holds <case>.vtt, <case>__<call>.vtt or <case>/<call>.vtt, and the same with .srt, .txt, .json.
    name : str
        What messages call the folder.
    known : collection of str
        Ids of the cases: a name that is one as a whole is not taken apart; a name that holds exactly one is of it.
    encoding : str, optional
        Of files that are neither UTF-8 nor UTF-16.

    Returns
    -------
    (pyarrow.Table, list of str)
        Columns as `ALIASES`, large_string; warnings. The time of a call is that of its file's content, or a date such
        as 2024-05-31 in the call's name.

    Raises
    ------
    InputError
        No transcript at all, or every file that cannot be read, with its line.
    """
    files, strange = list_files(path)
    if not files:
        remedy = f"put files such as <case>.vtt there ({', '.join(dialogues.SUFFIXES)}), or <case>/<call>.vtt"
        raise InputError([Problem("no transcript in this folder", remedy, name)])
    rows, doubts = _read_files(path, files, name, known, encoding)
    names = ["case_id", "call", *_OF_TURN]
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    arrays = [values.blank_to_null(pa.array(column, values.TEXT)) for column in columns]
    warnings = [f"{name}: {len(strange)} files are no transcripts, such as {strange[0]!r}; ignored"] if strange else []
    return pa.Table.from_arrays(arrays, names=names), warnings + doubts


def _read_files(
    path: Path, files: list[Path], name: str, known: Collection[str], encoding: str | None
) -> tuple[list[list[str | None]], list[str]]:
    """Cells of all turns, and warnings."""
    forms = {unicodedata.normalize("NFC", case): case for case in known}
    problems: list[Problem] = []
    rows: list[list[str | None]] = []
    lines: list[str] = []
    calls: dict[tuple[str, str], list[Path]] = {}
    for file in over(files, "transcripts"):
        relative = Path(values.clean(str(file.relative_to(path))))
        turns = dialogues.read_dialogue(file, f"{name}/{relative}", encoding)
        if isinstance(turns, Problem):
            problems.append(turns)
            continue
        case, call = name_of_call(relative, forms)
        calls.setdefault((case, call), []).append(relative)
        day = _day_of(call)
        rows += [[case, call, *_cells(turn, day)] for turn in turns]
        if file.suffix.lower() == ".txt":
            found = dialogues.doubtful_lines(turns)
            lines += [f"{values.clean(said)[:40]!r} ({relative}, line {line})" for line, said in found]
    if problems:
        more = len(problems) - MOST_LISTED
        rest = [Problem(f"{more} more files cannot be read", "mend or remove them", name)] if more > 0 else []
        raise InputError(problems[:MOST_LISTED] + rest)
    return rows, _doubts(name, lines, [files for files in calls.values() if len(files) > 1])


def _doubts(name: str, lines: list[str], twins: list[list[Path]]) -> list[str]:
    """Warnings of lines that may be no turns, and of calls with several files."""
    warnings = []
    if lines:
        one = len(lines) == 1
        warnings.append(
            f"{name}: {'1 line begins' if one else f'{len(lines)} lines begin'} with a name that speaks only once, such as "
            f"{lines[0]}; each was read as a turn: begin a line with '- ' where it goes on with the turn above"
        )
    if twins:
        files = " and ".join(map(str, twins[0]))
        warnings.append(
            f"{name}: {len(twins)} calls have more than one file, such as {files}; each call was read as all of its files: "
            "remove one if they are the same call in two formats, or name them <case>__<call>"
        )
    return warnings


def list_files(path: Path) -> tuple[list[Path], list[str]]:
    """Transcripts under a folder, one level deep, in order of their names; and names of what is none."""
    files, strange = [], []
    for folder, subfolders, names in os.walk(path):
        depth = len(Path(folder).relative_to(path).parts)
        if depth:
            strange += [values.clean(str(Path(folder, d).relative_to(path))) + "/" for d in sorted(subfolders)]
        subfolders[:] = sorted(d for d in subfolders if not d.startswith(".")) if depth == 0 else []
        for file in (Path(folder, n) for n in sorted(names) if not n.startswith(".")):
            if file.suffix.lower() in dialogues.SUFFIXES:
                files.append(file)
            else:
                strange.append(values.clean(str(file.relative_to(path))))
    return files, strange


def name_of_call(relative: Path, forms: dict[str, str]) -> tuple[str, str]:
    """Case and call of a file by its path in the folder; `forms` maps NFC-normalised ids to ids."""

    def known(case: str) -> str | None:
        # macOS writes accents of file names in two characters.
        return forms.get(unicodedata.normalize("NFC", case))

    stem = relative.stem
    if len(relative.parts) > 1:
        folder = relative.parts[0]
        return known(folder) or _within(folder, forms) or folder, stem
    if known(stem):
        return known(stem), "1"
    parts = stem.split("__")
    for i in range(len(parts) - 1, 0, -1):
        case = known("__".join(parts[:i]))
        if case:
            return case, "__".join(parts[i:])
    if case := _within(stem, forms):
        return case, stem
    return (parts[0], "__".join(parts[1:])) if len(parts) > 1 else (stem, "1")


def _within(name: str, forms: dict[str, str]) -> str | None:
    """The only id that stands in a name such as `Acme - D17 - kick-off_2024-05-31`, bounded by other characters."""
    name = unicodedata.normalize("NFC", _DATES.sub(" ", name))
    bounds = [match.span() for match in _WORD.finditer(name)]
    found = {
        forms[part]
        for i, (start, _) in enumerate(bounds)
        for _, end in bounds[i : i + _MOST_WORDS]
        # "17" may be anything; "1042" and "D17" are ids.
        if (part := name[start:end]) in forms and (len(part) > 3 or not part.isdigit())
    }
    # D-17 holds 17 too: the longest is meant.
    longest = [case for case in found if not any(case != other and case in other for other in found)]
    return longest[0] if len(longest) == 1 else None


def _day_of(call: str) -> str | None:
    found = _DAY_IN_NAME.search(call)
    if not found:
        compact = _COMPACT_DAY.search(call)
        return f"{compact[1]}-{compact[2]}-{compact[3]}T{compact[4]}:{compact[5]}" if compact else None
    day, hours, minutes = found.groups()
    return f"{day}T{hours}:{minutes}" if hours else day


def _cells(turn: dict[str, Any], day: str | None) -> list[str | None]:
    lowered = {str(key).lower(): value for key, value in turn.items()}
    cells = []
    for ours in _OF_TURN:
        found = (lowered[alias] for alias in ALIASES[ours] if lowered.get(alias) is not None)
        cells.append(values.text_of_value(next(found, day if ours == "time" else None)))
    return cells
