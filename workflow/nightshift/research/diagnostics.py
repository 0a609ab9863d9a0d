"""A memo without a model: what the library can compute about a champion that nothing beats."""

from __future__ import annotations

import json
import math
from typing import Any

from nightshift.research.learning import seconds_of_curve
from nightshift.research.toolbox import Toolbox

_TITLE = "What nothing has beaten: a diagnosis of the champion"
_NO_TIME = "Left out: training on parts of the cases would take too much of the time before the deadline."


def diagnose(question: str, toolbox: Toolbox, seconds: float = math.inf) -> dict[str, Any]:
    """Slices, correlations and the learning curve of the champion; a part that fails says so.

    Parameters
    ----------
    question : str
    toolbox : Toolbox
    seconds : that the learning curve may take
    """
    champion = toolbox.champion()
    parts = {
        "Where it errs": ("slices", {}),
        "How much alike its bases are": ("correlations", {"experiment": champion}),
        "Would more cases help": ("learning_curve", {}),
    }
    if seconds_of_curve(champion) > seconds:
        del parts["Would more cases help"]
    told = {title: toolbox.call(tool, json.dumps(given)) for title, (tool, given) in parts.items()}
    told.setdefault("Would more cases help", _NO_TIME)
    text = "\n\n".join(f"## {title}\n\n{said}" for title, said in told.items())
    return {
        "kind": "diagnostics",
        "question": question,
        "about": champion,
        "title": _TITLE,
        "text": f"The champion is {champion}. Computed without a language model.\n\n{text}",
        "sources": [],
        "experiment": None,
    }
