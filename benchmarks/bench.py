"""`make bench`: whole nights on real data, by the real command, and what they reached.

Writes benchmarks/RESULTS.md with command, versions and machine. Real sets are looked for beside the checkout
(../shared/data) or where --data says; the demo is always there. Wall times are of this machine and of this hour.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

REPO = Path(__file__).resolve().parents[1]
RESULTS = REPO / "benchmarks" / "RESULTS.md"
LIBRARIES = ("snakemake", "dvc", "xgboost", "scikit-learn", "pandas", "optuna")
# The search draws these too where they are installed, so that a night with them is another one.
EXTRAS = ("lightgbm", "catboost")
DEMO = {
    "cases": "data/demo/cases.csv",
    "transcripts": "data/demo/transcripts.jsonl",
    "id": "deal_id",
    "target": "won",
    "group": "account",
}


@dataclass(frozen=True)
class Night:
    """One night to run: a data set, its number of experiments and the seed of its split."""

    name: str
    experiments: int
    seed: int
    config: dict[str, Any]
    source: Path | None
    more: dict[str, Any] = field(default_factory=dict)


def nights(data: Path, seeds: int) -> list[Night]:
    """The demo, and the real sets that are there; persuasion_for_good on several split seeds."""
    found = [Night("demo", 12, 0, DEMO, None)]
    plan = [("persuasion_for_good", 24, range(seeds))]
    plan += [(name, 12, range(1)) for name in ("casino_points", "mibot_smoking", "telco_churn_tabular")]
    for name, experiments, drawn in plan:
        if (data / name).is_dir():
            found += [Night(name, experiments, seed, config_of(data / name), data / name) for seed in drawn]
    return found


def config_of(folder: Path) -> dict[str, Any]:
    header = (folder / "table.csv").read_text(encoding="utf-8").split("\n", 1)[0].strip().split(",")
    config = {"cases": "in/table.csv", "id": "case_id", "target": "target"}
    if (folder / "transcripts.jsonl").exists():
        config["transcripts"] = "in/transcripts.jsonl"
    return config | ({"group": "group"} if "group" in header else {})


def run_night(night: Night, cores: str, *targets: str) -> dict[str, Any]:
    """Run a night (or what some targets need of it) in a project of its own; its verdict and ledger in figures."""
    with tempfile.TemporaryDirectory() as holder:
        root = Path(holder, "project")
        lay_out(root, night)
        start = time.perf_counter()
        done = subprocess.run(["snakemake", "--cores", cores, *targets], cwd=root, capture_output=True, text=True)
        wall = time.perf_counter() - start
        if done.returncode:
            sys.exit(f"{night.name} ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        verdict = json.loads((root / "results/verdict.json").read_text())
        listed = subprocess.run(
            ["dvc", "exp", "list", "--name-only"], cwd=root, capture_output=True, text=True, check=True
        )
        return {"night": night, "wall": wall, "verdict": verdict, "recorded": listed.stdout.count("exp-")}


def lay_out(root: Path, night: Night) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=REPO, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if not name.startswith(("tests/", "benchmarks/")) and (REPO / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPO / name, root / name)
    if night.source:
        shutil.copytree(night.source, root / "in")
    config = {"data": night.config, "search": {"experiments": night.experiments, "seed": night.seed}, **night.more}
    (root / "config/config.yaml").write_text(yaml.safe_dump(config))
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "bench"]):
        subprocess.run([*git, *command], cwd=root, check=True)


def row(result: dict[str, Any]) -> str:
    """One line of the table."""
    night, verdict = result["night"], result["verdict"]
    champion, baseline = verdict["champion"], verdict["baseline"]
    gain = champion["cv_auc"] / baseline["cv_auc"] - 1
    return (
        f"| {night.name} | {night.seed} | {night.experiments} | {result['recorded']} | {result['wall']:.0f} "
        f"| {baseline['cv_auc']:.4f} | {champion['cv_auc']:.4f} | {gain:+.1%} | {baseline['holdout_auc']:.4f} "
        f"| {champion['holdout_auc']:.4f} ({champion['ci_low']:.3f} to {champion['ci_high']:.3f}) "
        f"| {verdict['delta']:+.4f} | {verdict['optimism_of_selection']:+.4f} |"
    )


def summary(results: list[dict[str, Any]]) -> str:
    """Mean holdout gain over the split seeds of each set that has several."""
    lines = []
    for name in dict.fromkeys(result["night"].name for result in results):
        gains = [result["verdict"]["delta"] for result in results if result["night"].name == name]
        if len(gains) > 1:
            error = statistics.stdev(gains) / len(gains) ** 0.5
            lines.append(
                f"Mean holdout gain of the champion over the baseline on {name}, {len(gains)} split seeds: "
                f"{statistics.mean(gains):+.4f} AUC (standard error over seeds {error:.4f})."
            )
    return "\n".join(lines)


HEAD = (
    "| data | split seed | experiments | in DVC | wall, s | baseline cv | champion cv | gain cv | baseline holdout "
    "| champion holdout (95 % CI) | gain holdout | selection cost |\n" + "|---" * 12 + "|"
)


def head_of(title: str, command: str, cores: str) -> str:
    """Title, command, machine and versions, as every table of figures has them."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, --cores {cores}, Python {platform.python_version()}"
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    extras = ", ".join(found for name in EXTRAS if (found := _version_if_there(name))) or "none"
    return (
        f"# {title}\n\nCommand: `{command}`. Machine: {machine}. Versions: {libraries}. Optional learners: {extras}.\n"
    )


def _version_if_there(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data", help="folder of the real sets")
    parser.add_argument("--seeds", type=int, default=5, help="split seeds for persuasion_for_good")
    parser.add_argument("--cores", default="2")
    options = parser.parse_args()
    print(HEAD, flush=True)
    results = []
    for night in nights(options.data, options.seeds):
        results.append(run_night(night, options.cores))
        print(row(results[-1]), flush=True)
    print(f"\n{summary(results)}")
    RESULTS.write_text(
        head_of("Benchmark", "make bench", options.cores)
        + "\n"
        + "\n".join([HEAD, *map(row, results)])
        + f"\n\n{summary(results)}\n\nSelection cost: (champion cv - holdout) - (baseline cv - holdout).\n"
    )


if __name__ == "__main__":
    main()
