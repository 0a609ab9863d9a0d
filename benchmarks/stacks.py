"""`make bench-stacks`: how are the bases of a night best put together? Fifteen minutes.

The stacks of the warm portfolio, which are proposed before any score is seen, are fitted anew by each method and by each strength of
the pull to the plain mean. Made-up deals are judged on the 2,000 to 5,200 that are held out; the real sets by cv_auc, their
holdouts stay shut. Writes benchmarks/STACKS.md.

    python benchmarks/stacks.py --projects FOLDER     # nights that are there are not run again
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pandas as pd
import yaml
from held_out import CORES, made_up, projects
from night import REPO, Night, config_of, head_of
from portfolio import SETS
from tables import markdown

from nightshift.config import parse_config
from nightshift.crossfit import cross_fit
from nightshift.data.development import Development, read_development, read_raw
from nightshift.metrics import roc_auc
from nightshift.model import model_of
from nightshift.names import EXPERIMENTS, name_of
from nightshift.plan import read_plan
from nightshift.scoring import measure, read_scores
from nightshift.stack import StackSpec

STACKS = 5
PULLS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
SPECS = {
    **{f"logistic, c = {c:g}": StackSpec(method="logistic", c=c) for c in PULLS},
    **{f"nonnegative, c = {c:g}": StackSpec(method="nonnegative", c=c) for c in PULLS[2:6]},
    "rank_mean": StackSpec(method="rank_mean"),
    "greedy": StackSpec(method="greedy"),
}
USUAL = f"logistic, c = {StackSpec().c:g}"
# Seed, share of labels that are turned around, cases that are developed on; the generator's seeds are a thousand higher.
DEMOS = {
    "demo, weak": (1, 0.15, 800),
    "demo": (2, 0.0, 800),
    "demo, weak, again": (3, 0.15, 800),
    "demo, again": (4, 0.0, 800),
    "demo, 4,000 cases": (5, 0.0, 4000),
}


def nights(holder: Path, data: Path) -> dict[str, Night]:
    """Label and night of the portfolio alone."""
    search = {"experiments": STACKS + 1, "seed": 0}
    found = {}
    for label, (seed, turned, developed) in DEMOS.items():
        source = made_up(holder, seed, turned, developed=developed)
        more = {"validation": {"split_column": "part"}, "search": search, "dvc": {"record": False}}
        found[label] = Night(label, STACKS + 1, 0, config_of(source), source, more)
    for name in SETS:
        if (data / name).is_dir():
            source = data / name
            found[name] = Night(name, STACKS + 1, 0, config_of(source), source, {"dvc": {"record": False}})
    return found


def judged(root: Path, open_holdout: bool) -> dict[str, float]:
    """Of each way to stack the mean AUC over the night's stacks: on the holdout, or else cv_auc."""
    development = read_development(root / "results/data/development")
    with contextlib.chdir(root):  # a model is put together where its parts are
        each = [
            judge for number in range(1, STACKS + 1) if (judge := _judge(name_of(number), development, open_holdout))
        ]
    return {label: mean(judge(spec) for judge in each) for label, spec in SPECS.items()}


def _judge(name: str, development: Development, open_holdout: bool) -> Callable[[StackSpec], float] | None:
    """What says the AUC of one stack's bases under a specification; None where there is no such experiment."""
    folder = Path(EXPERIMENTS, name)
    if not (folder / "stack.json").exists():
        return None
    model = model_of(folder, parse_config(yaml.safe_load(Path("config/config.yaml").read_text())).data)
    over, paths = model.stacked["over"], read_plan(folder / "plan.json")["bases"]
    raw = np.stack([read_scores(Path(paths[base], "oof.parquet")) for base in over], axis=1)
    fit = partial(cross_fit, raw=raw, y=development.y, folds=development.folds, seed=0)
    if not open_holdout:
        return lambda spec: float(measure(fit(spec).scores, development, "roc_auc").auc.value)
    new = read_raw("results/data/holdout")
    y = pd.read_parquet("results/data/holdout/labels.parquet")["target"].to_numpy()
    logits = model.predict_bases(model.featurize(new), new)
    calibrated = np.column_stack([model.calibrated(base, logits[base]) for base in over])
    return lambda spec: roc_auc(y, fit(spec).stack.predict(calibrated))[0]


def page(aucs: dict[str, dict[str, float]]) -> str:
    """A row a way to stack, a column a set, and the mean differences to the default, of made-up and of real sets."""
    rows = [
        (
            f"**{label}**" if label == USUAL else label,
            *(f"{of[label]:.4f}" for of in aucs.values()),
            *(
                _difference([of[label] - of[USUAL] for name, of in aucs.items() if (name in DEMOS) is held])
                for held in (True, False)
            ),
        )
        for label in SPECS
    ]
    about = (
        f"AUC of the stacks of experiments 1 to {STACKS} (the warm portfolio), their mean; on the holdout for made-up deals (800 or 4,000 "
        "developed on, the rest of 6,000 held out), cv_auc for the real sets. c is the inverse strength of the pull to the plain mean; "
        "bold: the default.\n"
    )
    table = markdown(("stack", *aucs, "mean difference, holdouts", "mean difference, cv_auc"), rows)
    return "\n".join([head_of("Ways to stack", "make bench-stacks", CORES), about, table]) + "\n"


def _difference(differences: list[float]) -> str:
    """Mean over sets and its standard error."""
    if len(differences) < 2:
        return "".join(f"{one:+.4f}" for one in differences)
    return f"{mean(differences):+.4f} (se {stdev(differences) / len(differences) ** 0.5:.4f})"


def main() -> None:
    with projects(__doc__.splitlines()[0], nights) as ended:
        aucs = {}
        for label, root in ended:
            aucs[label] = judged(root, open_holdout=label in DEMOS)
            print(label, {stack: round(auc, 4) for stack, auc in aucs[label].items()}, flush=True)
        (REPO / "benchmarks" / "STACKS.md").write_text(page(aucs))


if __name__ == "__main__":
    main()
