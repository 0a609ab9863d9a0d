"""A memo without a model: what the library can compute about a champion that nothing beats."""

from __future__ import annotations

import json
from typing import Any

from nightshift.research.toolbox import Toolbox

_TITLE = "What nothing has beaten: a diagnosis of the champion"


def diagnose(question: str, toolbox: Toolbox) -> dict[str, Any]:
    """Slices, correlations and the learning curve of the champion; a part that fails says so."""
    champion = toolbox.champion()
    parts = [
        ("Where it errs", "slices", {}),
        ("How much alike its bases are", "correlations", {"experiment": champion}),
        ("Would more cases help", "learning_curve", {}),
    ]
    told = [f"## {title}\n\n{toolbox.call(tool, json.dumps(given))}" for title, tool, given in parts]
    text = f"The champion is {champion}. Computed without a language model.\n\n" + "\n\n".join(told)
    return {
        "kind": "diagnostics",
        "question": question,
        "title": _TITLE,
        "text": text,
        "sources": [],
        "experiment": None,
    }
