"""The rungs of the ladder between the baseline and the champion, and their plans. Light: read at every parse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nightshift.files import read_json, replacing
from nightshift.names import name_of

if TYPE_CHECKING:
    from nightshift.experiment import Experiment

BASELINE = name_of(0)
WORDS = {
    "table": "XGBoost on the table",
    "everything": "the same with all transcript features (exp-0000)",
    "stacked": "the same views, a model each, stacked",
    "champion": "the night's champion",
}


def rungs_between(baseline: Experiment) -> dict[str, Experiment]:
    """The rungs that no experiment of the night is: of the baseline's views, the table alone, and all of them stacked."""
    from nightshift.experiment import Experiment
    from nightshift.stack import StackSpec

    base = next(iter(baseline.bases.values()))
    if len(baseline.views) < 2:
        return {}
    alone = {name: base.model_copy(update={"views": (name,)}) for name in baseline.views}
    found = {}
    if "table" in baseline.views:
        found["table"] = {"table": alone["table"]}
    found["stacked"] = alone
    return {
        rung: Experiment(
            id=rung,
            author="baseline",
            hypothesis=WORDS[rung],
            views={view: baseline.views[view] for one in bases.values() for view in one.views},
            bases=bases,
            stack=StackSpec(method="logistic"),
        )
        for rung, bases in found.items()
    }


def plan_ladder(experiment_file: str, split_file: str, target: str, seed: int) -> None:
    """Write a folder with experiment.yaml and plan.json a rung."""
    from nightshift.experiment import read_experiment
    from nightshift.plan import make_plan, write_plan

    split = read_json(split_file)
    with replacing(target) as folder:
        folder.mkdir()
        for rung, experiment in rungs_between(read_experiment(experiment_file)).items():
            experiment.write(folder / rung / "experiment.yaml")
            write_plan(folder / rung / "plan.json", make_plan(experiment, split, seed))


def bases_of_ladder(folder: str | Path) -> list[str]:
    """Paths of all bases that the rungs in a planned ladder stand on."""
    plans = sorted(Path(folder).glob("*/plan.json"))
    return sorted({path for plan in plans for path in read_json(plan)["bases"].values()})
