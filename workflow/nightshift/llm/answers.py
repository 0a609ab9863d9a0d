"""What is kept of the answers of the openai package, whatever shape a server gave them."""

from __future__ import annotations

from typing import Any


def message_of(answer: Any) -> dict[str, Any]:
    """The parts of a chat answer that are kept; whatever shape the server gave it."""
    choice = answer.choices[0]
    said = choice.message
    tools = [
        {"id": str(call.id), "name": str(call.function.name), "arguments": str(call.function.arguments)}
        for call in (said.tool_calls or [])
    ]
    refusal = getattr(said, "refusal", None) or ("content filter" if choice.finish_reason == "content_filter" else None)
    return {"content": said.content, "tools": tools, "refusal": refusal, "cut": choice.finish_reason == "length"}


def spoken_in(answer: Any) -> dict[str, Any]:
    """What is said in a recording, as `Client.transcribe` gives it."""
    segments = [
        {name: _part(segment, name) for name in ("start", "end", "text", "speaker")}
        for segment in getattr(answer, "segments", None) or []
    ]
    return {"text": answer.text, "segments": segments}


def _part(segment: Any, name: str) -> Any:
    return segment.get(name) if isinstance(segment, dict) else getattr(segment, name, None)


def count_in(used: Any, *names: str) -> int | None:
    """The first of some counts that a server tells."""
    return next((int(value) for name in names if isinstance(value := getattr(used, name, None), int)), None)
