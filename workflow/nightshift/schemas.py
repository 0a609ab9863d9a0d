"""JSON schemas, generated from the typed models: `python -m nightshift.schemas` (or `make schemas`) writes them."""

from __future__ import annotations

import json
from pathlib import Path

from nightshift.config import Config
from nightshift.experiment import Experiment
from nightshift.files import write_text

FOLDER = Path(__file__).resolve().parents[1] / "schemas"
MODELS = {"config.schema.json": Config, "experiment.schema.json": Experiment}


def schema_text(name: str) -> str:
    """The schema file's content, from the model."""
    return json.dumps(MODELS[name].model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def write_schemas() -> None:
    for name in MODELS:
        write_text(FOLDER / name, schema_text(name))


if __name__ == "__main__":
    write_schemas()
