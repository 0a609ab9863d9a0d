"""The JSON in an answer, whatever stands around it."""

from __future__ import annotations

import json
import re
from typing import Any

from nightshift.llm.client import Reply


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
    decoder = json.JSONDecoder()
    for found in list(re.finditer(r"\{", text))[:20]:
        try:
            content, _ = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(content, dict):
            return content
    raise RefusedError(
        "the answer was cut off at its longest length" if reply.cut else "the answer holds no JSON object"
    )
