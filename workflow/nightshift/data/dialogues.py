"""One transcript file (.vtt, .srt, .txt, .json) to its turns."""

from __future__ import annotations

import collections
import html
import io
import itertools
import json
import re
from pathlib import Path
from typing import Any

import webvtt

from nightshift.data.encodings import decoded
from nightshift.data.jsonlines import TwinKeysError, without_twins
from nightshift.errors import Problem

SUFFIXES = (".vtt", ".srt", ".txt", ".json")
LISTS = ("turns", "segments", "utterances")
# "5 < 6 and 7 > 3" holds no tag. No part of a pattern may match what the next one does: that takes quadratic time.
_TAG = re.compile(r"</?[A-Za-z0-9][^<>]*>")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s([^<>]*)>")
_NAME = re.compile(r"^([^\W\d_][^:\n]{0,59}):(?:\s+|$)(.*)$", re.DOTALL)
_PARTICLES = {
    "al",
    "bin",
    "da",
    "de",
    "del",
    "della",
    "den",
    "der",
    "di",
    "dos",
    "du",
    "el",
    "la",
    "le",
    "ten",
    "van",
    "von",
}
_STAMP = re.compile(r"^([\[(]?)((?:\d{1,4}:)?\d{1,3}:\d{2}(?:[.,]\d+)?)(?:[\])]|(?=\s|$))[\s\-]*")
_MOMENT = r"(?:\d{1,10}:)?[0-5]?\d:[0-5]?\d\.\d{1,3}"
_TIMES = re.compile(rf"\s*{_MOMENT}\s*-->\s*{_MOMENT}(?!\d)")
_NO_CUES = {"vtt": ("WEBVTT", "NOTE", "STYLE", "REGION", "X-TIMESTAMP"), "srt": ("NOTE",)}
_REMEDY = {
    ".vtt": "the first line must be WEBVTT, then cues such as '00:01.000 --> 00:02.000'",
    ".srt": "write numbered cues such as '00:00:01,000 --> 00:00:02,000'",
    ".txt": "write a turn a line: 'Speaker: text'",
    ".json": 'write a list of turns with speaker and text, or {"turns": [...]}',
}


class BadTranscriptError(Exception):
    """What is wrong, and the line where it is known."""

    def __init__(self, what: str, line: int | None = None):
        super().__init__(what)
        self.line = line


def read_dialogue(path: Path, name: str, encoding: str | None = None) -> list[dict[str, Any]] | Problem:
    """Turns of one call.

    Parameters
    ----------
    path : Path
        A file with one of `SUFFIXES`, UTF-8 or UTF-16.
    name : str
        What messages call it.
    encoding : str, optional
        Of a file that is neither.

    Returns
    -------
    list of dict, or Problem
        Each turn has text and, where known, speaker, start and end in seconds; those of .txt have their line too; turns
        of .json keep their own keys.
    """
    suffix = path.suffix.lower()
    try:
        content = path.read_bytes()
        whole = decoded(content, encoding)
        text = whole.lstrip()
        above = len(whole[: len(whole) - len(text)].splitlines())
        if "\0" in text:
            return Problem("the file holds zero bytes: it is UTF-16, or no text", "save it as UTF-8", name)
        turns = _PARSERS[suffix](text) if text else []
        return [turn | {"line": turn["line"] + above} for turn in turns] if suffix == ".txt" else turns
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Problem("the file is not UTF-8", "save it as UTF-8, or name its encoding in data.encoding", name, row=line)
    except OSError as error:
        return Problem(f"cannot be read ({error.strerror})", "check the file and its permissions", name)
    except BadTranscriptError as error:
        return Problem(str(error), _REMEDY[suffix], name, row=error.line and error.line + above)


def parse_captions(text: str, form: str) -> list[dict[str, Any]]:
    """Turns of WebVTT or SubRip; a cue with several voices gives several turns with the times of the cue."""
    lines = text.splitlines()
    if form == "srt":
        # SubRip is WebVTT with commas and no header; read so, a cue without its number is not lost.
        lines = [line.replace(",", ".") if "-->" in line else line for line in lines]
        if not any("-->" in line for line in lines):
            raise BadTranscriptError("not an srt transcript (no line of times)", 1)
    for number, line in enumerate(lines, 1):
        # webvtt leaves such a cue out without a word.
        if "-->" in line and not _TIMES.match(line):
            raise BadTranscriptError(f"not a line of times: {line.strip()[:60]!r}", number)
    head = ["WEBVTT", ""] if form == "srt" else []
    try:
        cues = list(webvtt.from_buffer(io.StringIO("\n".join(head + _mended(lines, form))), format="vtt"))
    except (webvtt.errors.MalformedFileError, webvtt.errors.MalformedCaptionError) as error:
        raise BadTranscriptError(f"not a {form} transcript ({error})", 1) from None
    turns = []
    for cue in cues:
        times = {
            name: moment.in_milliseconds() / 1000 for name, moment in (("start", cue.start_time), ("end", cue.end_time))
        }
        turns += [{"speaker": speaker, "text": said, **times} for speaker, said in _voices(cue.raw_text)]
    return _carry_speakers(turns)


def _mended(lines: list[str], form: str) -> list[str]:
    """Lines with what stands below a blank line within a cue joined to the cue: webvtt leaves it out without a word."""
    mended: list[str] = []
    in_cues = False
    for filled, block in itertools.groupby(enumerate(lines, 1), key=lambda line: bool(line[1].strip())):
        numbered = list(block)
        texts = [text for _, text in numbered]
        if not filled:
            continue
        timed = any("-->" in text for text in texts)
        apart = texts[0].startswith(_NO_CUES[form]) or all(text.strip().isdigit() for text in texts)
        if not timed and not apart and not in_cues:
            raise BadTranscriptError(f"text before the first line of times: {texts[0].strip()[:40]!r}", numbered[0][0])
        if mended and (timed or apart):
            mended.append("")
        mended += texts
        in_cues = in_cues or timed
    return mended


def parse_lines(text: str) -> list[dict[str, Any]]:
    """Turns of 'Speaker: text' lines, each with an optional [hh:mm:ss] before it; other lines continue the turn above."""
    turns: list[dict[str, Any]] = []
    waiting = None
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if not line:
            continue
        start, speaker, said = _split_line(line)
        if start and not said and not speaker:
            # A line of its own for the time: it belongs to what follows.
            waiting = start
        elif speaker is None and start is None and waiting is None and turns:
            turns[-1]["text"] += "\n" + said
        else:
            turns.append({"speaker": speaker, "text": said, "start": start or waiting, "line": number})
            waiting = None
    return turns


def doubtful_lines(turns: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """Lines of `parse_lines` that may be no turns: "Price: 5" within what Ann says in a dialogue of Ann and Bob.

    Returns
    -------
    list of (line, text)
        Of names that stand once in a file where two others speak more than once.
    """
    count = collections.Counter(turn["speaker"] for turn in turns if turn["speaker"])
    if sum(times > 1 for times in count.values()) < 2:
        return []
    return [
        (turn["line"], f"{turn['speaker']}: {turn['text']}") for turn in turns if count.get(turn["speaker"]) == 1
    ]


def parse_json(text: str) -> list[dict[str, Any]]:
    """Turns of a list of objects, or of an object that holds such a list; a date beside the list is that of the call."""
    try:
        content = json.loads(text, object_pairs_hook=without_twins)
    except json.JSONDecodeError as error:
        raise BadTranscriptError(f"broken JSON ({error.msg})", error.lineno) from None
    except TwinKeysError as error:
        raise BadTranscriptError(f"broken JSON ({error})") from None
    except (RecursionError, ValueError):
        raise BadTranscriptError("broken JSON (too deep, or a number too long)") from None
    around = content if isinstance(content, dict) else {}
    lowered = {str(key).lower(): value for key, value in around.items()}
    if around:
        content = next((lowered[key] for key in LISTS if key in lowered), None)
    if not isinstance(content, list):
        raise BadTranscriptError("there is no list of turns")
    for i, turn in enumerate(content, 1):
        if not isinstance(turn, dict):
            raise BadTranscriptError(f"turn {i} is not an object in braces")
    held = {key: lowered[key] for key in ("time", "timestamp", "date", "called_at", "call_time") if key in lowered}
    return [{**held, **turn} for turn in content]


def _voices(raw: str) -> list[tuple[str | None, str]]:
    pieces = _VOICE.split(raw)
    found: list[tuple[str | None, str]] = []
    for name, said in zip([None, *pieces[1::2]], pieces[::2], strict=True):
        said = html.unescape(_TAG.sub("", said)).strip()
        if name is not None:
            found.append((html.unescape(name).strip(), said))
        elif said:
            found += [(turn["speaker"], turn["text"]) for turn in _named_lines(said)]
    return found


def _named_lines(said: str) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = []
    for line in said.splitlines():
        speaker, words = _split_name(line.strip())
        if speaker is None and turns:
            turns[-1]["text"] += "\n" + words
        else:
            turns.append({"speaker": speaker, "text": words})
    return turns


def _split_line(line: str) -> tuple[str | None, str | None, str]:
    stamp = _STAMP.match(line)
    if stamp is None:
        return (None, *_split_name(line))
    speaker, said = _split_name(line[stamp.end() :])
    # Without brackets "10:30 works for me" is speech, "10:30 Ann: hello" is not.
    if speaker is None and said and not stamp[1]:
        return None, None, line
    return stamp[2], speaker, said


def _split_name(said: str) -> tuple[str | None, str]:
    """Who speaks and what; "And he said: no" names nobody, since names are not written small."""
    match = _NAME.match(said)
    if match is None:
        return None, said
    words = match[1].split()
    named = len(words) <= 6 and not any(word[0].islower() and word not in _PARTICLES for word in words[1:])
    return (match[1].strip(), match[2]) if named else (None, said)


def _carry_speakers(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # Captions name the speaker when he changes only.
    speaker = None
    for turn in turns:
        speaker = turn["speaker"] = turn["speaker"] or speaker
    return turns


_PARSERS = {
    ".vtt": lambda text: parse_captions(text, "vtt"),
    ".srt": lambda text: parse_captions(text, "srt"),
    ".txt": parse_lines,
    ".json": parse_json,
}
