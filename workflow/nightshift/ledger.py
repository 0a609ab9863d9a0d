"""The ledger: the table of all experiments, one row each, in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nightshift.files import read_json, write_text
from nightshift.names import EXPERIMENTS, HISTORY, name_of
from nightshift.spreadsheet import plain_text

LEDGER = "results/ledger.tsv"
COLUMNS = (
    "experiment",
    "parent",
    "author",
    "status",
    "cv_auc",
    "cv_se",
    "delta",
    "z",
    "n_bases",
    "stack",
    "seconds",
    "hypothesis",
)


def finished(root: Path = Path()) -> list[str]:
    """Experiments that are scored, in order, up to the first that is not."""
    names: list[str] = []
    while (root / EXPERIMENTS / name_of(len(names)) / "metrics.json").exists():
        names.append(name_of(len(names)))
    return names


def ledger_rows(root: Path = Path()) -> list[dict[str, Any]]:
    """One dict a finished experiment, keys as `COLUMNS` plus `reason`; that of a crash begins with its kind."""
    rows = []
    for experiment in finished(root):
        metrics = read_json(root / EXPERIMENTS / experiment / "metrics.json")
        config = read_json(root / HISTORY / f"{experiment}.json")["experiment"]
        row = {name: metrics.get(name, config.get(name)) for name in COLUMNS}
        rows.append({**row, "experiment": experiment, "stack": metrics["stack"], "reason": _reason(metrics)})
    return rows


def _reason(metrics: dict[str, Any]) -> str:
    reason = metrics.get("reason", "")
    return f"{metrics['kind']}: {reason}" if metrics["status"] == "crash" and "kind" in metrics else reason


def write_ledger(target: str = LEDGER, root: Path = Path()) -> None:
    """Write the ledger as tab-separated text; a crash's reason follows its hypothesis."""
    lines = ["\t".join(COLUMNS)]
    for row in ledger_rows(root):
        if row["status"] == "crash":
            row["hypothesis"] = f"{row['hypothesis']} [{row['reason']}]"
        lines.append("\t".join(_cell(row[name]) for name in COLUMNS))
    write_text(root / target, "\n".join(lines) + "\n")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".") or "0"
    return plain_text(" ".join(str(value).split()))
