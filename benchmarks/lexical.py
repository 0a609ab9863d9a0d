"""`make bench-lexical`: do sentiment and readability pay? Writes benchmarks/LEXICAL.md. Ten minutes.

A night of three experiments a set and seed: the baseline, the third experiment of the warm portfolio, and the same with three
bases on sentiment and readability beside it. The view is not part of nightshift: it comes from lexical_view.py, as a package of
people's own would. Judged on development cases; no holdout is opened.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from automl.compare import corrected, together
from night import REPO, Night, config_of, head_of, lay_out
from tables import markdown

from nightshift.agents.portfolio import portfolio
from nightshift.agents.space import Space
from nightshift.card import Card
from nightshift.experiment import Experiment
from nightshift.files import read_json

SETS = ("persuasion_for_good", "casino_points", "mibot_smoking")
SHARED = 0.8  # of the cases that a cv_auc is of, two split seeds have four fifths in common
LEARNERS = {
    "lexical-logistic": {"kind": "logistic", "c": 0.1},
    "lexical-trees": {"kind": "extra_trees"},
    "lexical-boosting": {"kind": "hist_gradient_boosting"},
}
PORTFOLIO_STEP = 1  # what `search` tries as exp-0002


def offer(folder: Path) -> str:
    """Lay out the view as an installed distribution; the PYTHONPATH that has it."""
    info = folder / "lexical_view-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "lexical_view.py").write_text((REPO / "benchmarks" / "lexical_view.py").read_text())
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lexical-view\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nightshift.views]\nlexical = lexical_view:Lexical\n")
    return os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)


def with_lexical(content: dict[str, Any]) -> dict[str, Any]:
    bases = {name: {"views": ["lexical"], "learner": learner} for name, learner in LEARNERS.items()}
    return {
        **content,
        "views": {**content["views"], "lexical": {"kind": "lexical"}},
        "bases": {**content["bases"], **bases},
    }


def plain(experiment: Experiment) -> dict[str, Any]:
    return experiment.model_dump(mode="json", include={"views", "bases", "stack"})


def measured(data: Path, name: str, seed: int, cores: int) -> dict[str, Any]:
    """cv_auc without and with, and of the three new bases alone."""
    with tempfile.TemporaryDirectory() as holder:
        root, path = Path(holder, "project"), offer(Path(holder, "packages"))
        queue = root / "config/experiments"
        more = {"dvc": {"record": False}}
        lay_out(root, Night(name, 3, seed, config_of(data / name), data / name, more))

        def run(target: str) -> None:
            command = ["snakemake", target, "--cores", str(cores), "--quiet", "all"]
            subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": path}, check=True)

        run("results/data/split.json")
        step = portfolio(Space(Card.of(read_json(root / "results/data/card.json"))))[PORTFOLIO_STEP]
        for place, content in enumerate((plain(step), with_lexical(plain(step)))):
            queue.mkdir(exist_ok=True)
            (queue / f"{place}.yaml").write_text(yaml.safe_dump(content))
        run("results/ledger.tsv")
        without, beside = (
            json.loads((root / f"results/experiments/exp-000{n}/metrics.json").read_text()) for n in (1, 2)
        )
        alone = {base: beside["base_auc"][base] for base in LEARNERS}
        return {"set": name, "seed": seed, "without": without["cv_auc"], "beside": beside["cv_auc"], **alone}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data", help="folder of the real sets")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    rows = []
    for name in SETS:
        for seed in range(options.seeds):
            rows.append(measured(options.data, name, seed, options.cores))
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    found = {
        str(n): corrected(part["beside"] - part["without"], SHARED / (1 - SHARED)) for n, part in table.groupby("set")
    }
    lines = [
        (n, len(part), *(f"{part[column].mean():.4f}" for column in (*LEARNERS, "without", "beside")), found[str(n)])
        for n, part in table.groupby("set")
    ]
    lines.append(("all", len(table), *[""] * (len(LEARNERS) + 2), together(found)))
    header = (
        "data",
        "seeds",
        *(f"{name} alone" for name in LEARNERS),
        "stack",
        "stack with them",
        "difference (95 % CI)",
    )
    libraries = ", ".join(f"{name} {version(name)}" for name in ("vaderSentiment", "textstat"))
    text = (
        f"cv_auc, means over split seeds: {libraries} for each speaker, beside the stack that a night tries as exp-0002. Intervals "
        "use the corrected variance of Nadeau and Bengio (2003), since two seeds score mostly the same cases.\n"
    )
    page = [head_of("Sentiment and readability", "make bench-lexical", options.cores), text, markdown(header, lines)]
    (REPO / "benchmarks" / "LEXICAL.md").write_text("\n".join(page) + "\n")
    print(markdown(header, lines))


if __name__ == "__main__":
    main()
