"""`make bench-champions`: would a stricter keep, or a mean of several experiments, be the better model of a night, does a bootstrap
say what the champion's cv_auc owes to luck, and what would ending hopeless bases after two folds save and lose? Half an hour.

Whole nights of 200 seconds: on made-up deals of which 800 are developed on and 5,200 held out, so that the holdout's own error is
small (0.007), and on persuasion_for_good by other split seeds than RESULTS.md has. Then
the same experiments are judged again, in their order, by other thresholds of keeping, and the best of them are averaged. The
experiments were proposed under the usual threshold. Writes benchmarks/CHAMPIONS.md.

    python benchmarks/champions.py --projects FOLDER     # nights that are there are not run again
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from statistics import mean

import halving
import numpy as np
import pandas as pd
import yaml
from automl.sets import make_demo
from night import REPO, Night, config_of, head_of, lay_out
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
from nightshift.names import EXPERIMENTS
from nightshift.scoring import measure, read_scores

CORES = min(2, os.cpu_count() or 1)
SECONDS = 200
CASES, DEVELOPED = 6000, 800
# Seed, and share of labels that are turned around; the generator's seeds are a thousand higher, and used nowhere else.
DEMOS = {"demo, weak": (1, 0.15), "demo": (2, 0.0)}
SEEDS = (5, 6)
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


class Judged:
    """The experiments of a finished night: cross-validated as the night saw them, and on the holdout that it did not see."""

    def __init__(self, root: Path):
        ran = [one for name in finished(root) if ((one := root / EXPERIMENTS / name) / "oof.parquet").exists()]
        steady = [one for one in ran if read_experiment(one / "experiment.yaml").steady]
        self.folders = [one for one in ran if one not in steady]
        self.development = read_development(root / "results/data/development")
        self.measured = [measure(read_scores(one / "oof.parquet"), self.development, "roc_auc") for one in self.folders]
        self.n_bases = [read_json(one / "metrics.json")["n_bases"] for one in self.folders]
        self.scores = np.stack([one.scores.mean(axis=1) for one in self.measured])
        self.cv = [one.auc.value for one in self.measured]
        self.data = parse_config(yaml.safe_load((root / "config/config.yaml").read_text())).data
        self.raw = read_raw(root / "results/data/holdout")
        self.y = pd.read_parquet(root / "results/data/holdout/labels.parquet")["target"].to_numpy()
        self.root, self.logits = root, cache(self._logits)
        self.against = cache(self._against)
        self.steadied = [len(self.folders)] if steady else []  # the number of the last one, which no rule chooses
        kept = [
            number for number, one in enumerate(self.folders) if read_json(one / "metrics.json")["status"] == "keep"
        ]
        if kept[-1] != self.champion(THRESHOLDS[USUAL]):
            raise RuntimeError(f"{root}: the night judged its experiments otherwise; was it made by this version?")
        self.folders += steady[-1:]

    def _logits(self, number: int) -> np.ndarray:
        with contextlib.chdir(self.root):  # a model is put together where its parts are
            return model_of(self.folders[number], self.data).predict_logit(self.raw)

    def _against(self, one: int, other: int) -> Comparison:
        difference = self.measured[one].metric.minus(self.measured[other].metric)
        return Comparison(difference.value, difference.error(self.development.folds.groups))

    def champion(self, threshold: Callable[[int], float]) -> int:
        """The last that is kept."""
        champion = best = 0
        for number in range(1, len(self.cv)):
            to_champion, to_best = self.against(number, champion), self.against(number, best)
            bases = self.n_bases[number], self.n_bases[champion]
            if decide(to_champion, to_best, *bases, threshold(number))[0] == "keep":
                champion = number
            if to_best.delta > 0:
                best = number
        return champion

    def holdout_auc(self, numbers: list[int]) -> float:
        """Of the mean of their logits."""
        return roc_auc(self.y, np.mean([self.logits(number) for number in numbers], axis=0))[0]

    def expected(self) -> tuple[float, float, float]:
        """Of the champion: cv_auc, the same without the luck of being picked, and AUC on the holdout."""
        champion, folds = self.champion(THRESHOLDS[USUAL]), self.development.folds
        corrected = corrected_auc(self.scores, self.development.y, folds.assignment[:, 0], folds.groups)
        return self.cv[champion], corrected, self.holdout_auc([champion])

    def rules(self) -> dict[str, list[int]]:
        """Which experiments each rule would deliver."""
        order = sorted(range(len(self.cv)), key=lambda number: -self.cv[number])
        return {
            **{f"keep {name}": [self.champion(threshold)] for name, threshold in THRESHOLDS.items()},
            **{f"mean of the {size} best": order[:size] for size in BEST},
            **({"the champion beside the best bases, as delivered": self.steadied} if self.steadied else {}),
        }


def nights(holder: Path, data: Path) -> dict[str, Night]:
    """Label and night; the demos' tables are made here."""
    search = {"deadline": f"{SECONDS}s", "keep": KEEP}
    found = {}
    for label, (seed, turned) in DEMOS.items():
        source = made_up(holder, seed, turned)
        more = {"validation": {"split_column": "part"}, "search": {"experiments": 1000, "seed": 0, **search}}
        found[label] = Night(label, 1000, 0, config_of(source), source, {"dvc": {"record": False}, **more})
    for seed in SEEDS:
        folder = data / "persuasion_for_good"
        if folder.is_dir():
            more = {"dvc": {"record": False}, "search": {"experiments": 1000, "seed": seed, **search}}
            found[f"persuasion_for_good, seed {seed}"] = Night(folder.name, 1000, seed, config_of(folder), folder, more)
    return found


def made_up(holder: Path, seed: int, turned: float, developed: int = DEVELOPED) -> Path:
    """The table and transcripts of a demo, made unless they are there."""
    source = holder / f"table-{seed}"
    if not source.exists():
        with tempfile.TemporaryDirectory() as temporary:
            make_demo(CASES, 1000 + seed, turned, Path(temporary))
            hold_out(Path(temporary, "table.csv"), seed, developed)
            shutil.copytree(temporary, source)
    return source


def hold_out(file: Path, seed: int, developed: int) -> None:
    """Add a column that names five folds, whole accounts each, and holds out the rest."""
    table = pd.read_csv(file, dtype=str)
    accounts = table["group"].drop_duplicates().sample(frac=1, random_state=seed)
    sizes = table["group"].value_counts()[accounts]
    begins = sizes.cumsum() - sizes
    part = {group: f"fold {begin % 5}" if begin < developed else "holdout" for group, begin in begins.items()}
    table.assign(part=table["group"].map(part)).to_csv(file, index=False)


def run(root: Path, night: Night) -> None:
    """The night, unless it is there; one that was cut off begins anew."""
    if not (root / "results/champion/model.json").exists():
        shutil.rmtree(root, ignore_errors=True)
        lay_out(root, night)
        command = ["snakemake", "--cores", str(CORES), "results/champion/model.json"]
        subprocess.run(command, cwd=root, check=True, capture_output=True)


def page(judged: dict[str, Judged]) -> str:
    """A row a rule, a column a night: holdout AUC, and the mean difference to the rule as it is."""
    aucs = {
        label: {rule: night.holdout_auc(numbers) for rule, numbers in night.rules().items()}
        for label, night in judged.items()
    }
    usual = f"keep {USUAL}"
    rows = [
        (
            rule,
            *(f"{of[rule]:.4f}" for of in aucs.values()),
            f"{mean(of[rule] - of[usual] for of in aucs.values()):+.4f}",
        )
        for rule in aucs[next(iter(aucs))]
    ]
    sizes = [f"{label}: {len(one.cv)} experiments, {len(one.y):,} held out" for label, one in judged.items()]
    about = (
        f"Nights of {SECONDS} seconds ({'; '.join(sizes)}). AUC on the holdout of what each rule would deliver. *keep* is the threshold in "
        "standard errors, growing: the z that one of n experiments without any gain exceeds; *mean* is of the logits of the "
        "experiments with the highest cv_auc, whatever their status.\n"
    )
    table = markdown(("delivered", *aucs, "mean difference"), rows)
    luck = (
        "\nWhat the champion's cv_auc says, and what is left of it when the best experiment is picked on a bootstrap sample of the "
        f"cases and scored on the others (BBC-CV, Tsamardinos et al. 2018, {SAMPLES} samples):\n"
    )
    expected = [(label, *(f"{auc:.4f}" for auc in one.expected())) for label, one in judged.items()]
    corrected = markdown(("night", "cv_auc", "without the luck of selection", "on the holdout"), expected)
    early = halving.page({label: halving.bases_of(night.root) for label, night in judged.items()})
    return (
        "\n".join([head_of("Other champions", "make bench-champions", CORES), about, table, luck, corrected, early])
        + "\n"
    )


@contextlib.contextmanager
def projects(about: str, nights: Callable[[Path, Path], dict[str, Night]]) -> Iterator[Iterator[tuple[str, Path]]]:
    """Runs nights by the options of the command line: label and project of each as it ends. The projects are there until the context
    ends, or stay."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data", help="folder of the real sets")
    parser.add_argument("--projects", type=Path, help="where the nights are, or stay")
    options = parser.parse_args()

    def each(holder: Path) -> Iterator[tuple[str, Path]]:
        for label, night in nights(holder, options.data).items():
            root = holder / label.replace(", ", "-").replace(" ", "-")
            run(root, night)
            yield label, root

    with tempfile.TemporaryDirectory() as temporary:
        yield each((options.projects or Path(temporary)).resolve())


def main() -> None:
    with projects(__doc__.splitlines()[0], nights) as ended:
        judged = {}
        for label, root in ended:
            judged[label] = Judged(root)
            print(label, len(judged[label].cv), "experiments", flush=True)
        (REPO / "benchmarks" / "CHAMPIONS.md").write_text(page(judged))


if __name__ == "__main__":
    main()
