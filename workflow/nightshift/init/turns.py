"""What the columns of a table of turns are called, where they have other names than ingest knows."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from nightshift.data import dates, tables
from nightshift.data.transcripts import match_columns
from nightshift.init.look import Seen, overlap
from nightshift.init.vocabulary import holds

_SPEAKER = "speaker role who participant name author from user sprecher teilnehmer hablante locuteur agent".split()
_TEXT = "text content utterance message body transcript words said comment nachricht inhalt texto texte".split()
_TIME = "time date day created started held datum zeit fecha timestamp".split()
_MOST_SPEAKERS = 0.5  # distinct names a turn


def guess_turn_columns(seen: Seen, id_column: str) -> dict[str, str]:
    """Our name to theirs, for the columns that ingest would not find by itself; empty when all is plain."""
    if seen.turns is None:
        return {}
    ids = set(seen.column(id_column).drop_null().to_pylist())
    texts = {name: tables.column(seen.turns, name) for name in seen.turns.column_names}
    known = match_columns(list(texts), id_column)
    wanted: dict[str, str] = {}
    shares = {name: overlap(text, ids) for name, text in texts.items()}
    best = max(shares, key=lambda name: shares[name])
    if shares[best] > (shares[known["case_id"]] if "case_id" in known else 0.0):
        wanted["case_id"] = best
    free = [name for name in texts if name not in {*known.values(), *wanted.values()}]
    if "text" not in known and free:
        said = max(free, key=lambda name: (holds(name, _TEXT), _words(texts[name])))
        if _words(texts[said]) > 1:
            wanted["text"] = said
    free = [name for name in free if name not in wanted.values()]
    if "speaker" not in known:
        _add(wanted, "speaker", (name for name in free if holds(name, _SPEAKER) and _is_speaker(texts[name])))
    if "time" not in known:
        _add(wanted, "time", (name for name in free if holds(name, _TIME) and dates.guess_format(texts[name])[0]))
    return wanted


def _add(wanted: dict[str, str], ours: str, candidates: Iterator[str]) -> None:
    for name in candidates:
        wanted.setdefault(ours, name)


def _words(text: pa.Array) -> float:
    return pc.mean(pc.count_substring_regex(text.drop_null(), r"\S+")).as_py() or 0.0


def _is_speaker(text: pa.Array) -> bool:
    present = text.drop_null()
    return len(present) > 0 and pc.count_distinct(present).as_py() <= max(2, _MOST_SPEAKERS * len(present))
