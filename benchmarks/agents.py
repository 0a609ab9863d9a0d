"""Search, language model, or both? Whole nights at equal numbers of experiments, on real data where it is there.

    NIGHTSHIFT_MODEL=... OPENAI_API_KEY=... python benchmarks/agents.py --data ../shared/data --experiments 24

Needs a configured server (README.md, "With a language model"). Prints a row a night, and writes benchmarks/AGENTS.md.
After the "Centaur" study of autoresearch (arXiv 2603.24647), which found search before pure agents and the hybrid before both.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml
from night import DEMO, REPO, Night, config_of, lay_out

from nightshift.config_agent import Agent
from nightshift.llm.server import server_of

RESULTS = REPO / "benchmarks" / "AGENTS.md"
BACKENDS = ("search", "llm", "hybrid")
HEAD = (
    "| data | split seed | backend | experiments | baseline cv | champion cv | champion holdout | gain holdout | model's "
    "experiments | model's keeps | tokens | wall, s |\n" + "|---" * 12 + "|"
)


def nights(data: Path, names: list[str], experiments: int, seeds: int) -> list[Night]:
    """Every data set that is there, on several split seeds."""
    found = []
    for name in names:
        for seed in range(seeds):
            if name == "demo":
                found.append(Night(name, experiments, seed, DEMO, None))
            elif (data / name).is_dir():
                found.append(Night(name, experiments, seed, config_of(data / name), data / name))
    return found


def run(night: Night, backend: str, agent: dict[str, Any], cores: str) -> dict[str, Any]:
    """One night by one backend, in a project of its own."""
    with tempfile.TemporaryDirectory() as holder:
        root = Path(holder, "project")
        lay_out(root, night)
        config = yaml.safe_load((root / "config/config.yaml").read_text())
        config |= {"agent": {**agent, "backend": backend}, "dvc": {"record": False}}
        (root / "config/config.yaml").write_text(yaml.safe_dump(config))
        start = time.perf_counter()
        done = subprocess.run(["snakemake", "--cores", cores], cwd=root, capture_output=True, text=True)
        if done.returncode:
            sys.exit(
                f"{night.name}, {backend} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
            )
        with (root / "results/ledger.tsv").open() as handle:
            ledger = list(csv.DictReader(handle, delimiter="\t"))
        verdict = json.loads((root / "results/verdict.json").read_text())
        return {"ledger": ledger, "verdict": verdict, "wall": time.perf_counter() - start}


def row(night: Night, backend: str, result: dict[str, Any]) -> str:
    verdict, written = result["verdict"], [line for line in result["ledger"] if line["author"] == "model"]
    kept = sum(line["status"] == "keep" for line in written)
    # Where the baseline crashed there is nothing to compare with.
    baseline = f"{verdict['baseline']['cv_auc']:.4f}" if verdict["baseline"] else ""
    delta = "" if verdict["delta"] is None else f"{verdict['delta']:+.4f}"
    return (
        f"| {night.name} | {night.seed} | {backend} | {len(result['ledger'])} | {baseline} "
        f"| {verdict['champion']['cv_auc']:.4f} | {verdict['champion']['holdout_auc']:.4f} | {delta} "
        f"| {len(written)} | {kept} | {verdict['tokens']:,} | {result['wall']:.0f} |"
    )


def summary(gains: dict[tuple[str, int], dict[str, float]]) -> str:
    """Mean holdout gain of each backend over the nights that all of them have, and how each differs from the search.

    Parameters
    ----------
    gains : (data, split seed) -> backend -> gain
    """
    whole = [night for night in gains.values() if set(night) == set(BACKENDS)]
    if not whole:
        return "No night has a gain by every backend."
    told = []
    for backend in BACKENDS:
        differences = [night[backend] - night["search"] for night in whole]
        error = statistics.stdev(differences) / len(whole) ** 0.5 if len(whole) > 1 else float("nan")
        versus = f" ({statistics.mean(differences):+.4f} to search, standard error {error:.4f})"
        told.append(
            f"{backend} {statistics.mean(night[backend] for night in whole):+.4f}" + versus * (backend != "search")
        )
    return f"Mean gain on the holdout over the baseline, {len(whole)} nights: " + ", ".join(told) + "."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data", help="folder of the real sets")
    parser.add_argument("--names", nargs="+", default=["persuasion_for_good", "casino_points"], help="sets, or demo")
    parser.add_argument("--experiments", type=int, default=24)
    parser.add_argument("--seeds", type=int, default=3, help="split seeds a set")
    parser.add_argument("--cores", default="2")
    parser.add_argument(
        "--agent", type=json.loads, default={}, help='more of the section agent, as JSON: {"timeout": 600}'
    )
    options = parser.parse_args()
    if server_of(Agent(**options.agent)) is None:
        sys.exit("no server is configured: set NIGHTSHIFT_MODEL and OPENAI_API_KEY, or OPENAI_BASE_URL for a local one")
    lines, gains = [HEAD], {}
    print(HEAD, flush=True)
    for night in nights(options.data, options.names, options.experiments, options.seeds):
        for backend in BACKENDS:
            result = run(night, backend, options.agent, options.cores)
            if result["verdict"]["delta"] is not None:
                gains.setdefault((night.name, night.seed), {})[backend] = result["verdict"]["delta"]
            lines.append(row(night, backend, result))
            print(lines[-1], flush=True)
    print(f"\n{summary(gains)}")
    command = "python " + " ".join(["benchmarks/agents.py", *sys.argv[1:]])
    RESULTS.write_text(
        f"# Search, model, or both\n\nCommand: `{command}`.\n\n" + "\n".join(lines) + f"\n\n{summary(gains)}\n"
    )


if __name__ == "__main__":
    main()
