"""The JSON in an answer, whatever stands around it."""

from __future__ import annotations

import json
from typing import Any

from nightshift.llm.client import Reply

_ATTEMPTS = 100  # at an opening brace; prose may hold some


class RefusedError(Exception):
    """Why what a model said is not taken, in words for who said it."""


def read_json_in(reply: Reply) -> Any:
    """The JSON object of an answer; models that know no structured output put words or fences around it.

    Raises
    ------
    RefusedError
        When there is none.
    """
    if reply.refusal:
        raise RefusedError(f"the model refuses: {' '.join(reply.refusal.split())[:200]}")
    text = (reply.content or "").rsplit("</think>", 1)[-1].strip()
    if not text:
        raise RefusedError("the answer is empty")
    content, flaw = _longest_object(text)
    if content is not None:
        return content
    if reply.cut:
        raise RefusedError("the answer was cut off at its longest length (agent.answer_tokens)")
    raise RefusedError(f"the answer is no JSON: {flaw}" if flaw else "the answer holds no JSON object")


def _longest_object(text: str) -> tuple[dict[str, Any] | None, str]:
    """The longest object that stands in a text by itself, or None with what is wrong with a longer one.

    What stands inside of a broken object is a part of it, never the answer.
    """
    found, found_length, flaw, flaw_length = None, 0, "", 0
    decoder, place = json.JSONDecoder(), text.find("{")
    for _ in range(_ATTEMPTS):
        if place < 0:
            break
        try:
            content, end = decoder.raw_decode(text, place)
            if end - place > found_length:
                found, found_length = content, end - place
        except json.JSONDecodeError as error:
            end = max(error.pos, place + 1)
            if end - place > flaw_length:
                flaw, flaw_length = f"{error.msg} at character {error.pos}", end - place
        except RecursionError:
            return None, "it is nested too deeply"
        place = text.find("{", end)
    return (None, flaw) if flaw_length > found_length else (found, "")
