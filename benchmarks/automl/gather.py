"""All cells as one table, a row a cell: python benchmarks/automl/gather.py CELLS TARGET.csv"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd

COLUMNS = [
    *("set", "fold", "system", "seconds", "auc", "log_loss", "validation_auc", "n_test"),
    *(
        "fit_s",
        "fit_cpu_s",
        "wall_s",
        "memory_mb",
        "predict_ms",
        "baseline_validation_auc",
        "baseline_auc",
        "first_stack_s",
    ),
]


def row_of(cell: dict[str, Any]) -> dict[str, Any]:
    """The cell without predictions; of nightshift's stages the baseline and the time of the first stack."""
    row = {name: cell.get(name) for name in COLUMNS}
    if stages := cell.get("stages"):
        row["baseline_validation_auc"], row["baseline_auc"] = stages[0]["validation_auc"], stages[0]["auc"]
        row["first_stack_s"] = next((stage["at_s"] for stage in stages[1:]), None)
    return row


def main() -> None:
    cells, target = Path(sys.argv[1]), Path(sys.argv[2])
    rows = [row_of(json.loads(file.read_text())) for file in sorted(cells.glob("*/*/*.json"))]
    pd.DataFrame(rows, columns=COLUMNS).round(5).to_csv(target, index=False)


if __name__ == "__main__":
    main()
