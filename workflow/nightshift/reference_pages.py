"""docs/reference.md, generated from the typed models: `make schemas` writes it, a test holds it in step."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from nightshift.config import Config
from nightshift.experiment import BaseSpec, Experiment, TermsSpec
from nightshift.files import write_text
from nightshift.learners import LEARNERS
from nightshift.stack import StackSpec
from nightshift.views import VIEWS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference.md"
_ALTERNATIVES = " | "
_LONGEST = 110


def reference_text() -> str:
    """The page: every key of config/config.yaml and of an experiment, with type, default and meaning."""
    parts = [
        "# Reference",
        "Generated from the typed models by `make schemas`; do not edit. [config/README.md](../config/README.md) explains the "
        "configuration in words, [experiments.md](experiments.md) what an experiment can say.",
        "## config/config.yaml",
        *(_part(name, model) for name, model in _sections()),
        "## An experiment",
        _table(Experiment),
        _part("A base", BaseSpec, "bases.NAME"),
        _part("Terms", TermsSpec, "bases.NAME.terms"),
        _part("The stack", StackSpec, "stack"),
        "## Views",
        *(_part(f"kind: {kind}", model) for kind, model in VIEWS.items()),
        "## Learners",
        *(_part(f"kind: {kind}", model) for kind, model in LEARNERS.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _sections() -> list[tuple[str, type[BaseModel]]]:
    found = []
    for name, field in Config.model_fields.items():
        kinds = (field.annotation, *get_args(field.annotation))
        found += [(name, kind) for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return found


def _part(name: str, model: type[BaseModel], path: str = "") -> str:
    about = inspect.getdoc(model) or ""
    first = " ".join(about.split("\n\n")[0].split())
    where = f" (`{path}`)" if path else ""
    return "\n\n".join(part for part in (f"### {name}{where}", first, _table(model)) if part)


def _table(model: type[BaseModel]) -> str:
    schema = model.model_json_schema()
    properties = (schema if "properties" in schema else schema["$defs"][model.__name__])["properties"]
    rows = []
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key == "kind" and field.default is not PydanticUndefined:
            continue
        kind = _type(properties[key], schema)
        rows.append(f"| `{key}` | {kind} | {_default(field)} | {_cell(field.description or '')} |")
    return "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows]) if rows else "No keys."


def _type(content: dict[str, Any], schema: dict[str, Any]) -> str:
    """A JSON schema in a few words."""
    told = _cell(_words(content, schema))
    return told if len(told) <= _LONGEST else "see the schema"


def _words(content: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in content:
        name = content["$ref"].rpartition("/")[2]
        return _words(schema["$defs"][name], schema) if "enum" in schema["$defs"][name] else name
    for key in ("anyOf", "oneOf"):
        if key in content:
            return _ALTERNATIVES.join(dict.fromkeys(_words(part, schema) for part in content[key]))
    if "enum" in content:
        return _ALTERNATIVES.join(f"`{value}`" for value in content["enum"])
    if "const" in content:
        return f"`{content['const']}`"
    kind = content.get("type", "anything")
    if kind == "array":
        return f"list of {_words(content.get('items', {}), schema)}"
    if kind == "object" and isinstance(content.get("additionalProperties"), dict):
        return f"name: {_words(content['additionalProperties'], schema)}"
    words = {"null": "none", "string": "text", "boolean": "true or false", "object": "mapping"}
    return words.get(kind, kind) + _bounds(content)


def _bounds(content: dict[str, Any]) -> str:
    signs = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    told = [f"{words} {content[key]:,}" for key, words in signs.items() if key in content]
    return f" {' and '.join(told)}" if told else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        return "its own"
    if isinstance(value, list | tuple | dict):
        return "see the schema" if value else "`[]`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "or").split())


def write_reference() -> None:
    write_text(PAGE, reference_text())


if __name__ == "__main__":
    write_reference()
