"""Rule `transcribe`: recordings named by case -> turns, by the server's transcription endpoint, each file once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from nightshift.config_agent import Agent
from nightshift.errors import InputError, Problem
from nightshift.files import digest_of_file, read_json, write_json, write_text
from nightshift.llm.client import Client
from nightshift.llm.errors import CallFailed
from nightshift.llm.privacy import check_send
from nightshift.llm.server import problems_of, server_of

AUDIO = (".wav", ".mp3", ".m4a")
_MOST_MB = 25  # that the hosted API takes of one file


def recordings(folder: Path) -> list[tuple[Path, str, str]]:
    """Files below a folder with case and call: D17.wav, D17__second.mp3, D17/first.m4a."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in AUDIO and path.is_file():
            below = path.relative_to(folder).parts
            case, _, call = path.stem.partition("__") if len(below) == 1 else (below[0], "", path.stem)
            found.append((path, case, call or "1"))
    return found


def transcribe(folder: str, target: str, agent: Agent) -> None:
    """Write the turns of all recordings as JSON lines; what was transcribed before is taken from beside the target.

    Raises
    ------
    InputError
        Naming every recording that could not be transcribed.
    NotSentError
        When agent.send does not allow it.
    """
    check_send(agent, "transcripts", "data.audio")
    found = recordings(Path(folder)) if Path(folder).is_dir() else []
    if not found:
        what = "holds no recordings" if Path(folder).is_dir() else "is no folder"
        raise InputError([Problem(f"data.audio {what}", f"put {', '.join(AUDIO)} files named by case there", folder)])
    if problems := [*problems_of(agent, audio=True), *_too_large(found, agent)]:
        raise InputError(problems)
    kept = Path(target).parent
    with Client(agent, "transcribe") as client, ThreadPoolExecutor(agent.concurrency) as pool:
        done = list(pool.map(lambda one: _transcribed(client, one[0], kept), found))
    failed = [(path, said) for (path, _, _), said in zip(found, done, strict=True) if isinstance(said, CallFailed)]
    if failed:
        remedy = "mend it and run again: the others are kept"
        raise InputError([Problem(f"not transcribed: {error.reason}", remedy, str(path)) for path, error in failed])
    rows = [row for (_, case, call), said in zip(found, done, strict=True) for row in _turns(case, call, said)]
    write_text(target, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _too_large(found: list[tuple[Path, str, str]], agent: Agent) -> list[Problem]:
    """Recordings that the hosted API would refuse after they were sent; other servers have limits of their own."""
    server = server_of(agent)
    if server is None or not server.hosted:
        return []
    remedy = f"make it smaller (such as `ffmpeg -i in.wav -ac 1 -b:a 32k out.mp3`) or cut it in two: {_MOST_MB} MB at most"
    sizes = [(path, path.stat().st_size / 2**20) for path, _, _ in found]
    return [Problem(f"the recording has {size:.0f} MB", remedy, str(path)) for path, size in sizes if size > _MOST_MB]


def _transcribed(client: Client, path: Path, kept: Path) -> dict[str, Any] | CallFailed:
    """What is said in a recording; a failure is returned, so that the others go on."""
    place = kept / f"{client.agent.transcription_model.replace('/', '-')}-{digest_of_file(path)[:20]}.json"
    if place.exists():
        return read_json(place)
    try:
        said = client.transcribe(path)
    except CallFailed as error:
        return error
    # Outside results/, so that the next night over the same calls pays nothing.
    write_json(place, said)
    return said


def _turns(case: str, call: str, said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Turns of one call: the segments, or all of the text where the server tells none."""
    segments = [one for one in said["segments"] if (one.get("text") or "").strip()] or [{"text": said["text"]}]
    for number, segment in enumerate(segments):
        text = (segment.get("text") or "").strip()
        if text:
            row = {"case_id": case, "call": call, "turn": number, "speaker": segment.get("speaker") or "", "text": text}
            yield row | {name: segment[name] for name in ("start", "end") if segment.get(name) is not None}
