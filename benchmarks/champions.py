"""`make bench-champions`: would a stricter keep, or a mean of several experiments, be the better model of a night, does a bootstrap
say what the champion's cv_auc owes to luck, and what would ending hopeless bases after two folds save and lose? An hour.

Whole nights of 200 seconds on made-up deals and on parts of the real sets, with holdouts as large as the data allows: 500 to 6,800 cases. Then
the same experiments are judged again, in their order, by other thresholds of keeping, and the best of them are averaged. The
experiments were proposed under the usual threshold. Writes benchmarks/CHAMPIONS.md.

    python benchmarks/champions.py --projects FOLDER     # nights that are there are not run again
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from statistics import mean

import halving
import numpy as np
import pandas as pd
import yaml
from automl.compare import corrected
from automl.sets import TABLES, make_set
from held_out import CASES, CORES, DEVELOPED, made_up, part_of, projects
from night import REPO, Night, config_of, head_of
from selection import SAMPLES, corrected_auc
from tables import markdown

from nightshift.config import parse_config
from nightshift.data.development import read_development, read_raw
from nightshift.decide import Comparison, decide, luck_of
from nightshift.experiment import read_experiment
from nightshift.files import read_json
from nightshift.ledger import finished
from nightshift.metrics import roc_auc
from nightshift.model import model_of
from nightshift.names import EXPERIMENTS, number_of
from nightshift.plan import read_plan
from nightshift.scoring import measure, read_scores
from nightshift.views.base import Block, View

SECONDS = 200
# Seed, share of labels that are turned around, cases, cases that are developed on; the generator's seeds are a thousand higher, and
# not those of bench-stacks.
DEMOS = {
    "demo": (6, 0.0, CASES, DEVELOPED),
    "demo, 3,000": (9, 0.0, CASES, 3000),
    "demo, 100": (7, 0.0, 5100, 100),
    "demo, 100, again": (8, 0.0, 5100, 100),
}
# Set, seed, cases that are developed on.
PARTS = {
    "persuasion_for_good, half": ("persuasion_for_good", 7, 510),
    "persuasion_for_good, half, again": ("persuasion_for_good", 8, 510),
    "persuasion_table, half": ("persuasion_table", 11, 510),
    "casino_points, half": ("casino_points", 9, 1030),
    "telco_churn_tabular, 250": ("telco_churn_tabular", 3, 250),
    "telco_churn_tabular, 800": ("telco_churn_tabular", 1, 800),
    "telco_churn_tabular, 3,000": ("telco_churn_tabular", 2, 3000),
}
KEEP = 0.5
THRESHOLDS: dict[str, Callable[[int], float]] = {
    "0.5, as it is": lambda number: KEEP,
    "1": lambda number: 1.0,
    "1.5": lambda number: 1.5,
    "2": lambda number: 2.0,
    # Of n experiments without any gain about log(n) are kept.
    "growing": lambda number: max(KEEP, luck_of(number)),
}
USUAL = next(iter(THRESHOLDS))
BEST = (3, 5, 10)
DELIVERED = "delivered"


class Judged:
    """The experiments of a finished night: cross-validated as the night saw them, and on the holdout that it did not see."""

    def __init__(self, root: Path):
        folders = [root / EXPERIMENTS / name for name in finished(root)]
        ran = [one for one in folders if read_json(one / "metrics.json")["status"] != "crash"]
        steady = [one for one in ran if read_experiment(one / "experiment.yaml").steady]
        self.folders = [one for one in ran if one not in steady]
        self.tried = [number_of(one.name) for one in self.folders]  # before each, crashes counted
        self.development = read_development(root / "results/data/development")
        self.measured = [measure(read_scores(one / "oof.parquet"), self.development, "roc_auc") for one in self.folders]
        self.n_bases = [read_json(one / "metrics.json")["n_bases"] for one in self.folders]
        self.scores = np.stack([one.scores.mean(axis=1) for one in self.measured])
        self.cv = [one.auc.value for one in self.measured]
        self.data = parse_config(yaml.safe_load((root / "config/config.yaml").read_text())).data
        self.raw = read_raw(root / "results/data/holdout")
        self.y = pd.read_parquet(root / "results/data/holdout/labels.parquet")["target"].to_numpy()
        self.root, self.logits = root, cache(self._logits)
        self.blocks: dict[str, Block] = {}
        self.of_bases: dict[str, np.ndarray] = {}
        self.against = cache(self._against)
        kept = [
            number for number, one in enumerate(self.folders) if read_json(one / "metrics.json")["status"] == "keep"
        ]
        if kept[-1] != self.champion(THRESHOLDS[USUAL]):
            raise RuntimeError(f"{root}: the night judged its experiments otherwise; was it made by this version?")
        self.folders += steady[-1:]
        last = read_json(self.folders[-1] / "metrics.json")
        self.delivered = len(self.folders) - 1 if steady and last["status"] == "keep" else kept[-1]

    def _logits(self, number: int) -> np.ndarray:
        """On the holdout. Experiments of a night share views and bases, which are computed once for all of them."""
        with contextlib.chdir(self.root):  # a model is put together where its parts are
            plan, model = read_plan(self.folders[number] / "plan.json"), model_of(self.folders[number], self.data)
            bases, asked = model.experiment.bases, set()
            for name in reversed(model.experiment.in_order()):
                if name in asked or plan["bases"][name] not in self.of_bases:
                    asked |= {name, *bases[name].bases}
            part = model.experiment.model_copy(update={"bases": {name: bases[name] for name in bases if name in asked}})
            blocks = {view: self._block(plan["views"][view], part.views[view]) for view in part.views}
            found = replace(model, experiment=part).predict_bases(blocks, self.raw, CORES)
        self.of_bases |= {plan["bases"][name]: logits for name, logits in found.items()}
        return model.stack_logits({name: self.of_bases[plan["bases"][name]] for name in bases})

    def _block(self, path: str, view: View) -> Block:
        """Of a view, which the digest in its path names."""
        if path not in self.blocks:
            self.blocks[path] = view.featurize(self.raw)
        return self.blocks[path]

    def _against(self, one: int, other: int) -> Comparison:
        difference = self.measured[one].metric.minus(self.measured[other].metric)
        return Comparison(difference.value, difference.error(self.development.folds.groups))

    def champion(self, threshold: Callable[[int], float]) -> int:
        """The last that is kept."""
        champion = best = 0
        for number in range(1, len(self.cv)):
            to_champion, to_best = self.against(number, champion), self.against(number, best)
            bases = self.n_bases[number], self.n_bases[champion]
            if decide(to_champion, to_best, *bases, threshold(self.tried[number]))[0] == "keep":
                champion = number
            if to_best.delta > 0:
                best = number
        return champion

    def holdout_auc(self, numbers: list[int]) -> float:
        """Of the mean of their logits."""
        return roc_auc(self.y, np.mean([self.logits(number) for number in numbers], axis=0))[0]

    def promises(self) -> tuple[float, ...]:
        """Of the champion: cv_auc, the same without the luck of being picked, and AUC on the holdout; of what was delivered: cv_auc and
        AUC on the holdout."""
        champion, folds = self.champion(THRESHOLDS[USUAL]), self.development.folds
        corrected = corrected_auc(self.scores, self.development.y, folds.assignment[:, 0], folds.groups)
        told = read_json(self.folders[self.delivered] / "metrics.json")["cv_auc"]
        return self.cv[champion], corrected, self.holdout_auc([champion]), told, self.holdout_auc([self.delivered])

    def rules(self) -> dict[str, list[int]]:
        """Which experiments each rule would deliver."""
        order = sorted(range(len(self.cv)), key=lambda number: -self.cv[number])
        return {
            **{f"keep {name}": [self.champion(threshold)] for name, threshold in THRESHOLDS.items()},
            **{f"mean of the {size} best": order[:size] for size in BEST},
            DELIVERED: [self.delivered],
        }


def nights(holder: Path, data: Path) -> dict[str, Night]:
    """Label and night; their tables are made here."""
    sources = {label: made_up(holder, *of) for label, of in DEMOS.items()}
    for label, (name, seed, developed) in PARTS.items():
        if (data / TABLES.get(name, name)).is_dir():
            sources[label] = part_of(
                holder, f"{name}-{seed}-{developed}", seed, developed, partial(make_set, name, data)
            )
    search = {"experiments": 1000, "seed": 0, "deadline": f"{SECONDS}s", "keep": KEEP}
    more = {"dvc": {"record": False}, "validation": {"split_column": "part"}, "search": search}
    return {label: Night(label, 1000, 0, config_of(source), source, more) for label, source in sources.items()}


def page(judged: dict[str, Judged]) -> str:
    early = halving.page({label: halving.bases_of(night.root) for label, night in judged.items()})
    head = head_of("Other champions", "make bench-champions", CORES)
    return "\n".join([head, rules_table(judged), promises_table(judged), early]) + "\n"


def rules_table(judged: dict[str, Judged]) -> str:
    """A row a night, a column a rule: holdout AUC; below, the mean difference to the rule as it is."""
    aucs = {
        label: {rule: night.holdout_auc(numbers) for rule, numbers in night.rules().items()}
        for label, night in judged.items()
    }
    usual, rules = f"keep {USUAL}", tuple(aucs[next(iter(aucs))])
    sizes = {label: (len(one.development.y), f"{len(one.y):,}", len(one.cv)) for label, one in judged.items()}
    rows = [(label, *sizes[label], *(f"{of[rule]:.4f}" for rule in rules)) for label, of in aucs.items()]
    differences = {rule: pd.Series([of[rule] - of[usual] for of in aucs.values()]) for rule in rules}
    found = {rule: corrected(values, 0.0) for rule, values in differences.items()}
    rows.append(("mean difference", "", "", "", *(f"{one.mean:+.4f}" for one in found.values())))
    rows.append(("95 % CI", "", "", "", *(f"{one.low:+.4f} to {one.high:+.4f}" for one in found.values())))
    rows.append(("median", "", "", "", *(f"{values.median():+.4f}" for values in differences.values())))
    about = (
        f"Nights of {SECONDS} seconds. AUC on the holdout of what each rule would deliver. *keep* is the threshold in "
        "standard errors, growing: the z that one of n experiments without any gain exceeds; *mean* is of the logits of the "
        f"experiments with the highest cv_auc, whatever their status; *{DELIVERED}* is the champion beside the best bases of the night, "
        "or the champion alone where that is ahead by more than luck. Intervals are Student's over nights; nights that share a set are "
        "less apart than they assume.\n"
    )
    return f"{about}\n{markdown(('night', 'developed on', 'held out', 'experiments', *rules), rows)}"


def promises_table(judged: dict[str, Judged]) -> str:
    """A row a night: what is said in cross-validation, and what the holdout says."""
    promises = [one.promises() for one in judged.values()]
    rows = [(label, *(f"{auc:.4f}" for auc in of)) for label, of in zip(judged, promises, strict=True)]
    rows.append(("mean", *(f"{mean(column):.4f}" for column in zip(*promises, strict=True))))
    about = (
        "\nWhat the champion's cv_auc says, what is left of it when the best experiment is picked on a bootstrap sample of the "
        f"cases and scored on the others (BBC-CV, Tsamardinos et al. 2018, {SAMPLES} samples), and what the holdout says; then the "
        f"same of what is {DELIVERED}:\n"
    )
    champion = ("cv_auc", "without the luck of selection", "on the holdout")
    header = ("night", *champion, f"cv_auc, {DELIVERED}", f"on the holdout, {DELIVERED}")
    return f"{about}\n{markdown(header, rows)}"


def main() -> None:
    with projects(__doc__.splitlines()[0], nights) as ended:
        judged = {}
        for label, root in ended:
            judged[label] = Judged(root)
            print(label, len(judged[label].cv), "experiments", flush=True)
        (REPO / "benchmarks" / "CHAMPIONS.md").write_text(page(judged))


if __name__ == "__main__":
    main()
