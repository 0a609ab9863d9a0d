"""A memo without a model: what the library can compute about a champion that nothing beats."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from nightshift.research.toolbox import Toolbox

_TITLE = "What nothing has beaten: a diagnosis of the champion"


def diagnose(question: str, toolbox: Toolbox) -> dict[str, Any]:
    """Slices, correlations and the learning curve of the champion; a part that fails says so."""
    champion = toolbox.champion()
    parts: list[tuple[str, Callable[[], str]]] = [
        ("Where it errs", toolbox.slices),
        ("How much alike its bases are", lambda: toolbox.correlations(champion)),
        ("Would more cases help", toolbox.learning_curve),
    ]
    told = [f"## {title}\n\n{_tried(part)}" for title, part in parts]
    text = f"The champion is {champion}. Computed without a language model.\n\n" + "\n\n".join(told)
    return {
        "kind": "diagnostics",
        "question": question,
        "title": _TITLE,
        "text": text,
        "sources": [],
        "experiment": None,
    }


def _tried(part: Callable[[], str]) -> str:
    try:
        return part()
    except Exception as error:
        traceback.print_exc()
        return f"This part failed: {type(error).__name__}."
