"""A typed model as strict structured output takes it, and its answers back.

Servers compile a schema into a grammar, and take a part of JSON schema only: every object closed and all its properties
required, no map with free keys, no bounds, no defaults, no discriminators, references without words beside them. So an
optional property may be null and is left out on the way back, a map becomes a list of {name, value}, and what bounds and
defaults say is said in the description. All of it is checked afterwards, by the model itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from nightshift.experiment import NIGHTS_OWN, Experiment
from nightshift.pipelines.catalogue import CATALOGUE

Node = dict[str, Any]

_NULL: Node = {"type": "null"}
# Set by nightshift, not said by the model.
_OURS = {"Experiment": NIGHTS_OWN, "RubricView": {"model"}, "EmbeddingView": {"model"}}
_STEPS: Node = {
    "type": "array",
    "description": "1 to 8 steps in a row, the last one a classifier; parameters as in scikit-learn.",
    "items": {
        "type": "object",
        "properties": {
            "class": {"type": "string", "enum": list(CATALOGUE)},
            "parameters": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "value": {
                            "anyOf": [
                                {"type": "number"},
                                {"type": "string"},
                                {"type": "boolean"},
                                {"type": "array", "items": {"type": "number"}},
                            ]
                        },
                    },
                    "required": ["name", "value"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["class", "parameters"],
        "additionalProperties": False,
    },
}


@dataclass(frozen=True)
class Form:
    """A schema for a server, and the way back to what the typed model reads.

    Attributes
    ----------
    schema : strict JSON schema
    source : JSON schema of the typed model
    """

    schema: Node
    source: Node

    def read(self, answer: Any) -> Any:
        """An answer in the form of the strict schema -> plain content for the typed model, not yet validated."""
        return _read(self.source, answer, self.source["$defs"])


def form_of(model: type[BaseModel], leave_out: frozenset[str] = frozenset()) -> Form:
    """The form of a typed model.

    Parameters
    ----------
    model : pydantic model
    leave_out : names of classes that are no choice here, such as views that the data has nothing for
    """
    source = model.model_json_schema()
    source = {"$defs": {}, **source}
    _leave_out(source, leave_out | {name for name, node in source["$defs"].items() if not _can_be_said(node)})
    properties, required = _properties(source)
    used: dict[str, Node] = {}
    waiting = _references({"properties": properties})
    while waiting:
        name = waiting.pop()
        if name not in used:
            used[name] = _strict(source["$defs"][name])
            waiting += _references(used[name])
    root = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return Form(root | ({"$defs": dict(sorted(used.items()))} if used else {}), source)


def experiment_form(leave_out: frozenset[str] = frozenset()) -> Form:
    """The form of an experiment."""
    return form_of(Experiment, leave_out)


def _can_be_said(node: Node) -> bool:
    """Whether a class has a strict schema; somebody's own kind may hold what servers do not take."""
    try:
        _strict(node)
    except TypeError:
        return False
    return True


def _leave_out(node: Any, names: frozenset[str]) -> None:
    """Take alternatives out of every union."""
    if isinstance(node, dict):
        for key in ("oneOf", "anyOf"):
            if key in node:
                node[key] = [one for one in node[key] if one.get("$ref", "").rsplit("/", 1)[-1] not in names]
        for value in node.values():
            _leave_out(value, names)
    elif isinstance(node, list):
        for value in node:
            _leave_out(value, names)


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for value in node for name in _references(value)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else []
    return own + [name for value in node.values() for name in _references(value)]


def _properties(node: Node) -> tuple[dict[str, Node], list[str]]:
    ours, made = _OURS.get(node.get("title", ""), set()), {}
    for name, child in node["properties"].items():
        if name in ours:
            continue
        if (node.get("title"), name) == ("StackSpec", "members"):
            made[name] = _nullable(_members(node))
        elif (node.get("title"), name) == ("Pipeline", "steps"):
            made[name] = _STEPS
        else:
            strict = _strict(child)
            optional = name not in (*node.get("required", ()), "hypothesis") and "const" not in child
            made[name] = _nullable(strict) if optional else strict
    return made, list(made)


def _members(stack: Node) -> Node:
    """Plain stacks inside a stack: one level, so that the schema is no circle."""
    plain = {name: stack["properties"][name] for name in ("method", "c", "rounds", "bags")}
    methods = [one for one in plain["method"]["enum"] if one != "stacks"]
    made = {name: _nullable(_strict(child)) for name, child in plain.items()}
    made["method"] = {"type": "string", "enum": methods}
    item = {"type": "object", "properties": made, "required": list(made), "additionalProperties": False}
    return {"type": "array", "items": item, "description": stack["properties"]["members"].get("description", "")}


def _strict(node: Node) -> Node:
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    if "const" in node:
        return {"type": "string", "enum": [node["const"]]}
    said = _said(node)
    for union in ("oneOf", "anyOf"):
        if union in node:
            return _union([_strict(one) for one in node[union]], said)
    if "enum" in node:
        return {"type": "string", "enum": list(node["enum"]), **said}
    kind = node.get("type")
    if kind == "array":
        return {"type": "array", "items": _strict(_items(node)), **said}
    if kind == "object" and ("properties" in node or isinstance(node.get("additionalProperties"), dict)):
        return _object(node, said)
    if kind in ("string", "number", "integer", "boolean", "null"):
        return {"type": kind, **said}
    raise TypeError(f"no strict schema for {json.dumps(node)[:200]}")


def _items(node: Node) -> Node:
    if "prefixItems" in node:
        return {"anyOf": node["prefixItems"]}
    return node["items"]


def _object(node: Node, said: Node) -> Node:
    if "properties" in node:
        properties, required = _properties(node)
    else:  # a map
        properties = {"name": {"type": "string"}, "value": _strict(node["additionalProperties"])}
        required = ["name", "value"]
    made = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {**made, **said} if "properties" in node else {"type": "array", "items": made, **said}


def _union(members: list[Node], said: Node) -> Node:
    plain = [one for one in members if set(one) <= {"type", "description"} and isinstance(one["type"], str)]
    if len(plain) == len(members) and len({one["type"] for one in members}) == len(members):
        words = " ".join(filter(None, [said.get("description"), *(one.get("description") for one in members)]))
        return {"type": [one["type"] for one in members], **({"description": words} if words else {})}
    return {"anyOf": members, **said}


def _nullable(node: Node) -> Node:
    if node.get("type") == "null" or _NULL in node.get("anyOf", ()):
        return node
    if isinstance(node.get("type"), list):
        return node if "null" in node["type"] else {**node, "type": [*node["type"], "null"]}
    if "enum" in node:
        return {**node, "type": ["string", "null"], "enum": [*node["enum"], None]}
    if set(node) <= {"type", "description"}:
        return {**node, "type": [node["type"], "null"]}
    words = {"description": node["description"]} if "description" in node else {}
    return {"anyOf": [{name: value for name, value in node.items() if name != "description"}, _NULL], **words}


def _said(node: Node) -> Node:
    """Description with bounds and default, which have no keyword of their own."""
    words = [node.get("description", "").split("\n\n")[0].replace("\n", " ")]
    least, most = node.get("minimum", node.get("exclusiveMinimum")), node.get("maximum", node.get("exclusiveMaximum"))
    if least is not None or most is not None:
        above = f"above {least:g}" if "exclusiveMinimum" in node else f"from {least:g}" if least is not None else ""
        words.append(f"{above}{f' to {most:g}' if most is not None else ''}".strip() + ".")
    default = node.get("default")
    if isinstance(default, str | int | float) and not isinstance(default, bool) and default != "":
        words.append(f"null: {default:.4g}." if isinstance(default, float) else f"null: {default}.")
    text = " ".join(filter(None, words))
    return {"description": text} if text else {}


def _read(node: Node, value: Any, defs: dict[str, Node]) -> Any:
    """Maps from lists, nulls of optional properties left out; what has another shape stays for the typed model to refuse."""
    if "$ref" in node:
        node = defs[node["$ref"].rsplit("/", 1)[1]]
    if "properties" in node:
        return _read_object(node, value, defs) if isinstance(value, dict) else value
    for union in ("oneOf", "anyOf"):
        if union in node:
            return _read(_alternative(node[union], value, defs), value, defs)
    if node.get("type") == "array" and isinstance(value, list):
        return [_read(_items(node), one, defs) for one in value]
    if node.get("type") == "object" and isinstance(value, list):
        pairs = [one for one in value if isinstance(one, dict) and isinstance(one.get("name"), str)]
        return {one["name"]: _read(node["additionalProperties"], one.get("value"), defs) for one in pairs}
    if node.get("type") == "object" and isinstance(value, dict) and isinstance(node.get("additionalProperties"), dict):
        return {name: _read(node["additionalProperties"], one, defs) for name, one in value.items()}
    return value


def _read_object(node: Node, value: Node, defs: dict[str, Node]) -> Node:
    read = {}
    for name, one in value.items():
        child = node["properties"].get(name, {})
        if one is None and name not in node.get("required", ()):
            continue
        if (node.get("title"), name) == ("Pipeline", "steps"):
            read[name] = _read_steps(one)
        else:
            read[name] = _read(child, one, defs)
    return read


def _read_steps(steps: Any) -> Any:
    """Steps as people write them; what has another form is left to the typed model, which says what is wrong with it."""
    return [_read_step(step) for step in steps] if isinstance(steps, list) else steps


def _read_step(step: Any) -> Any:
    if not isinstance(step, dict) or not isinstance(step.get("class"), str):
        return step
    parameters = step.get("parameters") or []
    pairs = isinstance(parameters, list) and all(
        isinstance(one, dict) and isinstance(one.get("name"), str) and "value" in one for one in parameters
    )
    return {step["class"]: {one["name"]: one["value"] for one in parameters}} if pairs else step


def _alternative(nodes: list[Node], value: Any, defs: dict[str, Node]) -> Node:
    """The member of a union that a value means: by its kind, else the first that is no plain null."""
    resolved = [defs[node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node for node in nodes]
    if isinstance(value, dict) and "kind" in value:
        for node in resolved:
            if node.get("properties", {}).get("kind", {}).get("const") == value["kind"]:
                return node
    fits = {"array": list, "object": dict | list}
    return next((node for node in resolved if isinstance(value, fits.get(node.get("type"), ()))), {})
