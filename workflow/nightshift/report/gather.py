"""The facts of a report, read from whatever a night has left so far; what is not there yet is None or empty."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from nightshift.config import Config
from nightshift.experiment import Experiment, parse_experiment
from nightshift.files import read_json
from nightshift.ledger import ledger_rows
from nightshift.levels import lowered
from nightshift.llm.store import Store
from nightshift.names import EXPERIMENTS, HISTORY, name_of
from nightshift.report.cost import Cost, cost_of
from nightshift.share import memos_of, usage_in_words

_LIBRARIES = ("numpy", "pandas", "scikit-learn", "xgboost", "lightgbm", "catboost", "optuna", "snakemake", "dvc")
_SECRET = re.compile(r"(^|_)(key|token|password|secret)$")


@dataclass(frozen=True)
class Facts:
    """All that a report shows.

    Attributes
    ----------
    config : Config
    rows : ledger rows, oldest first
    champion : name of the current champion, or None
    metrics : its metrics.json
    experiment : the champion, lowered
    verdict, curves, diagnosis, noise : contents of their files, or None
    card : data card
    cost : Cost
    commit : commit that the night started from, or None
    versions : library -> version, of the Python that writes the report
    memos : memos of research, oldest first
    usage : what the language model took, in one sentence; "" where none was asked
    """

    config: Config
    rows: list[dict[str, Any]]
    champion: str | None
    metrics: dict[str, Any]
    experiment: Experiment | None
    verdict: dict[str, Any] | None
    curves: dict[str, Any] | None
    diagnosis: dict[str, Any] | None
    noise: dict[str, Any] | None
    card: dict[str, Any]
    cost: Cost
    commit: str | None
    versions: dict[str, str]
    memos: list[dict[str, Any]]
    usage: str

    @property
    def over(self) -> bool:
        """Whether the verdict is about the champion of all experiments that are there."""
        return self.verdict is not None and self.verdict["champion"]["experiment"] == self.champion

    def row(self, experiment: str) -> dict[str, Any] | None:
        return next((row for row in self.rows if row["experiment"] == experiment), None)

    def config_text(self) -> str:
        """The configuration as YAML, secrets left out."""
        return yaml.safe_dump(_without_secrets(self.config.model_dump(mode="json")), sort_keys=False, width=100)


def gather(config: Config, root: Path = Path(), diagnosis: dict[str, Any] | None = None) -> Facts:
    """Read a night.

    Parameters
    ----------
    config : Config
    root : the project
    diagnosis : dict, optional
        Instead of that in results/diagnosis.json.
    """
    rows = ledger_rows(root)
    champion = champion_of(rows, root)
    kept = diagnosis or _json(root / "results/diagnosis.json")
    used = Store(root).usage()
    return Facts(
        config=config,
        rows=rows,
        champion=champion,
        metrics=read_json(root / EXPERIMENTS / champion / "metrics.json") if champion else {},
        experiment=_experiment(champion, root) if champion else None,
        verdict=_json(root / "results/verdict.json"),
        curves=_json(root / "results/verdict/curves.json"),
        # One of an earlier champion, before more experiments were asked for, would mislead.
        diagnosis=kept if kept and kept["champion"] == champion else None,
        noise=_json(root / "results/noise/noise.json"),
        card=_json(root / "results/data/card.json") or {"warnings": [], "counts": {}},
        cost=cost_of([row["experiment"] for row in rows], root),
        commit=(_json(root / "results/night.json") or {}).get("head"),
        versions=_versions(),
        memos=memos_of(root),
        usage=usage_in_words(used.tokens, used.money, used.calls),
    )


def champion_of(rows: list[dict[str, Any]], root: Path = Path()) -> str | None:
    """Champion after the last finished experiment."""
    return read_json(root / EXPERIMENTS / rows[-1]["experiment"] / "metrics.json")["champion"] if rows else None


def _experiment(name: str, root: Path) -> Experiment:
    kept = root / HISTORY / f"{name}.json"
    return lowered(parse_experiment(read_json(kept)["experiment"], str(kept)))


def _json(path: Path) -> Any:
    return read_json(path) if path.exists() else None


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in ("nightshift", *_LIBRARIES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _without_secrets(content: Any) -> Any:
    if isinstance(content, dict):
        return {
            key: "(not shown)" if _SECRET.search(key) else _without_secrets(value) for key, value in content.items()
        }
    return content


def baseline_of(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The row of exp-0000, if it ran through."""
    return next((row for row in rows if row["experiment"] == name_of(0) and row["cv_auc"] is not None), None)
