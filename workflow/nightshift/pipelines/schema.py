"""The JSON schema of steps: what is allowed, for editors and for agents."""

from __future__ import annotations

from typing import Any

from nightshift.pipelines.catalogue import BOUNDS, CATALOGUE, LISTS, Entry
from nightshift.pipelines.check import MOST_STEPS


def steps_schema() -> dict[str, Any]:
    """A list of objects, each with one property out of the allowed class paths."""
    return {
        "type": "array",
        "minItems": 1,
        "maxItems": MOST_STEPS,
        "items": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
            "properties": {path: _parameters_schema(entry) for path, entry in CATALOGUE.items()},
        },
    }


def _parameters_schema(entry: Entry) -> dict[str, Any]:
    return {
        "description": "Last step." if entry.classifier else "Not the last step.",
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {name: _value_schema(name, entry) for name in entry.names},
    }


def _value_schema(name: str, entry: Entry) -> dict[str, Any]:
    """Bounds and choices of our own; the rest is in the documentation of scikit-learn."""
    if name in LISTS:
        fewest, longest, least, most, _ = LISTS[name]
        items = {"type": "number", "minimum": least, "maximum": most}
        return {"type": "array", "minItems": fewest, "maxItems": longest, "items": items}
    value: dict[str, Any] = {}
    if name in BOUNDS or name in entry.bounds:
        value["minimum"], value["maximum"] = entry.bound(name)
    if entry.choices.get(name):
        text_only = "minimum" not in value
        value |= {"enum": list(entry.choices[name])} if text_only else {}
    if name in entry.preset:
        value["default"] = entry.preset[name]
    return value
