"""All cells as two tables: a row a cell, and a row a point of an anytime curve.

    python benchmarks/automl/gather.py CELLS TARGET.csv STAGES.csv

Rows that the tables have of cells that are not in the folder stay, so that a comparison can be made in several sittings.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd

KEY = ["set", "fold", "system", "seconds"]
CELL = [
    *("auc", "log_loss", "validation_auc", "n_train", "n_test", "fit_s", "wall_s", "cpu_s", "memory_mb"),
    *("predict_ms", "baseline_validation_auc", "baseline_auc", "first_stack_s", "commit", "versions"),
]
STAGE = ["at_s", "validation_auc", "auc"]


def row_of(cell: dict[str, Any]) -> dict[str, Any]:
    """The cell without predictions; of nightshift's stages the baseline and the time of the first stack."""
    row = {name: cell.get(name) for name in KEY + CELL}
    row["versions"] = " ".join(f"{name}={number}" for name, number in cell.get("versions", {}).items())
    if stages := cell.get("stages"):
        row["baseline_validation_auc"], row["baseline_auc"] = stages[0]["validation_auc"], stages[0]["auc"]
        row["first_stack_s"] = next((stage["at_s"] for stage in stages[1:]), None)
    return row


def stages_of(cell: dict[str, Any]) -> list[dict[str, Any]]:
    """Points of the curve: nightshift's kept experiments; of the others the one model that they leave."""
    one = [{"at_s": cell["fit_s"], "validation_auc": cell["validation_auc"], "auc": cell["auc"]}]
    named = {name: cell[name] for name in KEY}
    return [named | {name: stage[name] for name in STAGE} for stage in cell.get("stages") or one]


def merged(rows: list[dict[str, Any]], columns: list[str], target: Path) -> pd.DataFrame:
    """The rows, and those of other cells that the target has."""
    new = pd.DataFrame(rows, columns=columns)
    if not target.exists():
        return new
    old = pd.read_csv(target)
    here = {_cell_of(row) for row in new[KEY].itertuples(index=False)}
    kept = old[[_cell_of(row) not in here for row in old[KEY].itertuples(index=False)]]
    return pd.concat([kept, new], ignore_index=True) if len(kept) else new


def _cell_of(row: Any) -> tuple[str, int, str, int]:
    return row.set, int(row.fold), row.system, 0 if pd.isna(row.seconds) else int(row.seconds)


def main() -> None:
    cells, target, curve = (Path(name) for name in sys.argv[1:4])
    found = [json.loads(file.read_text()) for file in sorted(cells.glob("*/*/*.json"))]
    for rows, columns, file in (
        ([row_of(cell) for cell in found], KEY + CELL, target),
        ([stage for cell in found for stage in stages_of(cell)], KEY + STAGE, curve),
    ):
        table = merged(rows, columns, file).sort_values(KEY, kind="stable", na_position="first")
        table.round(5).to_csv(file, index=False)


if __name__ == "__main__":
    main()
