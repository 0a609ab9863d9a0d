"""The ledger: the table of all experiments, one row each, in order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from nightshift.files import read_json, replacing, write_text
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
    # Of the language model: the memo that an experiment follows, what its proposal and its new views took.
    "memo",
    "tokens",
    "money",
)


def finished(root: Path = Path()) -> list[str]:
    """Experiments that are scored, in order, up to the first that is not."""
    names: list[str] = []
    while (root / EXPERIMENTS / name_of(len(names)) / "metrics.json").exists():
        names.append(name_of(len(names)))
    return names


def ledger_rows(root: Path = Path()) -> list[dict[str, Any]]:
    """One dict a finished experiment: as `ledger_row`, with the `tokens` and `money` it took."""
    paid: set[str] = set()
    return [{**ledger_row(one, root), **usage_of(one, paid, root)} for one in finished(root)]


def ledger_row(experiment: str, root: Path = Path()) -> dict[str, Any]:
    """A finished experiment: keys as `COLUMNS` (without tokens and money) plus `reason`, that of a crash begins with its
    kind, `tail`, the end of its log, and `fallback`, why the search stood in for a model, or None."""
    metrics = read_json(root / EXPERIMENTS / experiment / "metrics.json")
    history = _history(experiment, root)
    row = {name: metrics.get(name, history["experiment"].get(name)) for name in COLUMNS}
    row |= {
        "experiment": experiment,
        "stack": metrics["stack"],
        "reason": _reason(metrics),
        "tail": metrics.get("tail", ""),
    }
    return {**row, "fallback": history.get("fallback")}


def _history(experiment: str, root: Path) -> dict[str, Any]:
    return read_json(root / HISTORY / f"{experiment}.json")


def usage_of(experiment: str, paid: set[str], root: Path) -> dict[str, Any]:
    """Tokens and money of an experiment's proposal and of the views that it was the first to name; None where no model was
    asked. `paid` are the views of the experiments before."""
    plan = root / EXPERIMENTS / experiment / "plan.json"
    views = set(read_json(plan)["views"].values()) - paid if plan.exists() else set()
    paid |= views
    used = [_history(experiment, root).get("usage"), *(_usage_of_view(root / view) for view in sorted(views))]
    told = [one for one in used if one and (one["tokens"] or one["money"])]
    if not told:
        return {"tokens": None, "money": None}
    return {"tokens": sum(one["tokens"] for one in told), "money": float(sum(one["money"] for one in told))}


def _usage_of_view(path: Path) -> dict[str, Any] | None:
    outcome = path.with_suffix(".json")
    return read_json(outcome).get("usage") if outcome.exists() else None


def _reason(metrics: dict[str, Any]) -> str:
    reason = metrics.get("reason", "")
    return f"{metrics['kind']}: {reason}" if metrics["status"] == "crash" and "kind" in metrics else reason


def write_ledger(target: str = LEDGER, root: Path = Path()) -> None:
    """Write the ledger as tab-separated text; a crash's reason, and that of a search in a model's place, follow its
    hypothesis."""
    write_text(root / target, _as_text(ledger_rows(root)))


def refresh_ledger(root: Path = Path()) -> None:
    """Let the ledger grow with the night, for people who look at it; the rule `ledger` makes the one that others read.

    So this one is older than any score, or Snakemake would take it for the rule's, and one that has as many rows is left
    alone: it may be the rule's, and what was made from it is not out of date.
    """
    path = root / LEDGER
    if _lines_of(path) > len(finished(root)):  # its head is a line too
        return
    began = (root / EXPERIMENTS / name_of(0) / "metrics.json").stat().st_mtime - 1
    with replacing(path) as partial:
        partial.write_text(_as_text(ledger_rows(root)), encoding="utf-8")
        os.utime(partial, (began, began))


def _lines_of(path: Path) -> int:
    try:
        return path.read_bytes().count(b"\n")
    except OSError:  # Snakemake removes it before the rule runs
        return 0


def _as_text(rows: list[dict[str, Any]]) -> str:
    lines = ["\t".join(COLUMNS)]
    for row in rows:
        if row["status"] == "crash":
            row["hypothesis"] = f"{row['hypothesis']} [{row['reason']}]"
        if row["fallback"]:
            row["hypothesis"] = f"{row['hypothesis']} [in the model's place: {row['fallback']}]"
        lines.append("\t".join(_cell(row[name]) for name in COLUMNS))
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".") or "0"
    return plain_text(" ".join(str(value).split()))
