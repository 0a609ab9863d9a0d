"""A night of proposals with made-up scores: nothing is trained, everything else is real."""

from pathlib import Path

import numpy as np

from nightshift.agents.propose import propose
from nightshift.config import Config, parse_config
from nightshift.files import read_json, write_json
from nightshift.ledger import ledger_rows, write_ledger
from nightshift.names import name_of

CARD = {
    "columns": {"size": "numeric", "region": "category", "note": "text"},
    "missing": {"size": 0.1},
    "speakers": ["customer", "agent"],
    "counts": {"cases": 800, "turns": 9000, "calls": 900},
    "segments": ["\"region\" = 'Atlantis'"],
    "timed": True,
    "dated": False,
    "development": 640,
    "base_rate": 0.4,
    "scheme": "stratified",
}


def night_config(experiments: int = 12, parallel: int = 2, **agent) -> Config:
    data = {"cases": "c.csv", "id": "i", "target": "t"}
    search = {"experiments": experiments, "parallel": parallel}
    return parse_config({"data": data, "search": search, "agent": agent})


def lay_out(root: Path) -> None:
    write_json(root / "results/data/card.json", CARD)
    write_json(root / "results/data/split.json", {"scheme": "stratified", "data": "d", "folds": "f", "purged": 0})


def run_night(root: Path, config: Config, start: int = 0) -> list[dict]:
    """Propose and score, in order; the rows of the ledger. Scores depend on the experiment alone."""
    lay_out(root)
    for number in range(start, config.search.experiments):
        propose(name_of(number), config, root)
        score(root, number)
    write_ledger(root=root)
    return ledger_rows(root)


def score(root: Path, number: int, keep: bool | None = None) -> None:
    folder = root / "results/experiments" / name_of(number)
    kept = read_json(root / f"results/history/{name_of(number)}.json")["experiment"]
    before = (
        read_json(folder.parent / name_of(number - 1) / "metrics.json") if number else {"champion": None, "best": 0}
    )
    rng = np.random.default_rng(len(str(kept["bases"])) + number)
    auc = float(rng.uniform(0.5, 0.7))
    status = "keep" if (auc > before["best"] if keep is None else keep) else "discard"
    metrics = {"author": kept["author"], "status": status, "cv_auc": auc, "cv_se": 0.02, "delta": auc - before["best"]}
    metrics |= {
        "z": 0.1,
        "n_bases": len(kept["bases"]),
        "stack": kept["stack"]["method"],
        "seconds": 1.0,
        "reason": "why",
    }
    metrics |= {"base_auc": dict.fromkeys(kept["bases"], auc), "weights": dict.fromkeys(kept["bases"], 0.5)}
    metrics |= {
        "champion": name_of(number) if status == "keep" else before["champion"],
        "best": max(auc, before["best"]),
    }
    write_json(folder / "metrics.json", metrics)


def comparable(rows: list[dict]) -> list[dict]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]
