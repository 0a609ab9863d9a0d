"""A small local model under a grammar says things that fit the schema and mean nothing: no proposal may fail of it."""

import json
import random

import pytest
from stub_night import night_config, run_night

from model_server import KEY, model_server
from nightshift.llm.strict import experiment_form
from nightshift.names import name_of

WORDS = [
    "words",
    "table",
    "a",
    "b",
    "",
    "x" * 300,
    "SELECT 1",
    "DROP TABLE cases",
    "../../etc",
    "ä ü",
    "exp-0001",
    "memo-001",
]
WORDS += ["\x00", "size > 3", "customer", "'", "NaN", "\ud800", "a\nb", "-1"]


def nonsense(rng, node, defs, depth=0):
    """Something that fits a schema."""
    if "$ref" in node:
        return nonsense(rng, defs[node["$ref"].rsplit("/", 1)[1]], defs, depth + 1)
    if "anyOf" in node:
        return nonsense(rng, rng.choice(node["anyOf"]), defs, depth + 1)
    if "enum" in node:
        return rng.choice(node["enum"])
    kind = rng.choice(node["type"]) if isinstance(node["type"], list) else node["type"]
    if kind == "object":
        return {name: nonsense(rng, child, defs, depth + 1) for name, child in node["properties"].items()}
    if kind == "array":
        return [nonsense(rng, node["items"], defs, depth + 1) for _ in range(rng.choice([0, 1, 1, 2, 3]))]
    numbers = [0, 1, -1, 2, 10, 1e300, -1e-300, 2**63, 0.5]
    made = {"number": numbers, "integer": [0, 1, 2, -5, 7, 10**12], "boolean": [True, False], "null": [None]}
    return rng.choice(made.get(kind, WORDS))


def connected(rng, answer):
    """Bases that name the views that there are: otherwise hardly anything gets past the first check."""
    for number, view in enumerate(answer["views"]):
        view["name"] = f"v{number}"
    for number, base in enumerate(answer["bases"]):
        base["name"], base["value"]["bases"] = f"b{number}", None
        base["value"]["views"] = [view["name"] for view in answer["views"][:2]]
    if answer["stack"]:
        answer["stack"] |= {"over": None, "passthrough": None, "members": None}
    return answer


@pytest.mark.parametrize("seed", range(4))
def test_a_night_of_nonsense_ends(tmp_path, monkeypatch, seed):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    rng, form = random.Random(seed), experiment_form()

    def script(body):
        answer = nonsense(rng, form.schema, form.schema["$defs"])
        return json.dumps(connected(rng, answer) if rng.random() < 0.7 else answer)

    with model_server(script) as server:
        rows = run_night(tmp_path, night_config(12, backend="llm", base_url=server.url, model="m", timeout=20, tries=1))
    assert [row["experiment"] for row in rows] == [name_of(k) for k in range(12)]
    assert all(row["fallback"] is None or row["author"] == "search" for row in rows)
