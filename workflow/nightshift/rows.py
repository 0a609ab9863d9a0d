"""Which of an experiment's metrics are columns in `dvc exp show`, and which are details."""

from __future__ import annotations

from typing import Any

ROW = ("author", "status", "cv_auc", "delta", "n_bases", "stack", "seconds")


def row_and_details(metrics: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split the content of a metrics.json: DVC shows every metric as a column, so it gets the few that people read."""
    row = {name: metrics[name] for name in ROW}
    return row, {name: value for name, value in metrics.items() if name not in ROW}
