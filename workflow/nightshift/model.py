"""Models on disk: fold models as skops files, and the folder that predicts new cases by itself."""

from __future__ import annotations

import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED

import numpy as np
import pandas as pd
from scipy.special import expit

from nightshift import __version__
from nightshift.calibrate import apply_platt
from nightshift.config import Data
from nightshift.experiment import Experiment, parse_experiment, read_experiment
from nightshift.files import read_json, replacing, write_json
from nightshift.learners import LEARNERS
from nightshift.levels import lowered
from nightshift.plan import read_plan
from nightshift.sandbox import cases_table, condition
from nightshift.stack import FittedStack
from nightshift.train import FoldModel
from nightshift.views.base import Block, RawData

# The only types a model file may hold beyond skops' own list; a file that names any other is refused, not loaded.
_TRUSTED = (
    "numpy.dtype",
    "nightshift.train.FoldModel",
    "nightshift.encode.BlocksEncoder",
    "nightshift.encode.ColumnsEncoder",
    "nightshift.encode.TermsEncoder",
)


def trusted_types() -> list[str]:
    """Types that fold models hold, those of the learners included."""
    return sorted({*_TRUSTED, *(name for learner in LEARNERS.values() for name in learner.trusted)})


def save_models(path: str | Path, models: list[FoldModel]) -> None:
    """Write fold models, without pickle."""
    import skops.io

    with replacing(path) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile warns of names that skops writes twice on purpose
        skops.io.dump(models, partial, compression=ZIP_DEFLATED, compresslevel=1)


def load_models(path: str | Path) -> list[FoldModel]:
    """Read what `save_models` wrote; a type outside the trusted list raises skops' UntrustedTypesFoundException."""
    import skops.io

    return skops.io.load(path, trusted=trusted_types())


@dataclass(frozen=True)
class Model:
    """An experiment's model: for each case the mean of its fold models, stacked and calibrated.

    Attributes
    ----------
    experiment : Experiment, lowered (see `nightshift.levels`)
    bases : base name -> fold models, repeat by repeat
    stacked : content of stack.json
    about : content of model.json
    """

    experiment: Experiment
    bases: dict[str, list[FoldModel]]
    stacked: dict[str, Any]
    about: dict[str, Any]

    def predict_logit(self, data: RawData) -> np.ndarray:
        """Calibrated logits (n_cases,) of cases and turns in the form that ingest gives them."""
        blocks = {name: view.featurize(data) for name, view in self.experiment.views.items()}
        logits: dict[str, np.ndarray] = {}  # base -> (n_cases, fold models)
        for name in self.experiment.in_order():
            logits[name] = self._of_base(name, blocks, logits, data)
        lines = np.array(self.stacked["base_lines"])
        lines = lines.reshape(-1, *lines.shape[2:])  # (repeats * folds, 2, bases)
        columns = [
            np.mean(
                [apply_platt(line[:, number], fold) for line, fold in zip(lines, logits[name].T, strict=True)], axis=0
            )
            for number, name in enumerate(self.stacked["over"])
        ]
        score = FittedStack.from_json(self.stacked["stack"]).predict(np.column_stack(columns))
        return apply_platt(np.array(self.stacked["line"]), score)

    def _of_base(self, name: str, blocks: dict[str, Block], logits: dict[str, np.ndarray], data: RawData) -> np.ndarray:
        """Logits (n_cases, fold models) of one base; NaN outside its segment."""
        base = self.experiment.bases[name]
        # Fold models know their blocks by digest, as they were trained.
        keyed = {key: blocks[view] for key, view in zip(self.about["view_keys"][name], base.views, strict=True)}
        below = np.stack([logits[other] for other in base.bases], axis=1) if base.bases else None
        folds = [
            model.predict_logit(keyed, None if below is None else below[:, :, fold])
            for fold, model in enumerate(self.bases[name])
        ]
        found = np.column_stack(folds)
        if base.segment:
            found[~condition(base.segment, cases_table(data))] = np.nan
        return found

    def predict(
        self, cases: str | Path | pd.DataFrame, transcripts: str | Path | pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """Predict raw rows and transcripts, in the files or frames that people have.

        Parameters
        ----------
        cases : path or DataFrame, as data.cases; the target is not needed
        transcripts : path or DataFrame, as data.transcripts

        Returns
        -------
        DataFrame with case_id and probability of the positive class, one row a case, in order.
        """
        from nightshift.data.ingest import read_new
        from nightshift.data.schema import Schema

        schema = Schema.from_json(self.about["schema"])
        rows, turns, notes = read_new(cases, transcripts, schema, Data.model_validate(self.about["data"]))
        for note in notes:
            warnings.warn(note, stacklevel=2)
        logits = self.predict_logit(RawData(rows, turns, self.about["columns"]))
        return pd.DataFrame({"case_id": rows["case_id"], "probability": expit(logits)})


def save_model(target: str | Path, folder: str | Path, data: Data) -> None:
    """Gather an experiment into a folder that predicts by itself.

    Parameters
    ----------
    target : where to put it
    folder : the experiment's
    data : Data, whose names new files are read by
    """
    folder = Path(folder)
    paths = read_plan(folder / "plan.json")["bases"]
    with replacing(target) as model:
        (model / "bases").mkdir(parents=True)
        for name, path in paths.items():
            shutil.copyfile(Path(path, "models.skops"), model / "bases" / f"{name}.skops")
        for name in ("experiment.yaml", "stack.json", "metrics.json"):
            shutil.copyfile(folder / name, model / name)
        write_json(model / "model.json", _about(folder, data))


def load_model(folder: str | Path) -> Model:
    """Load a model folder; only data and trusted types are read, nothing is unpickled."""
    folder = Path(folder)
    about = read_json(folder / "model.json")
    return _assemble(folder, about, {name: folder / "bases" / f"{name}.skops" for name in about["view_keys"]})


def model_of(folder: str | Path, data: Data) -> Model:
    """The model of an experiment where it lies, without gathering it into a folder of its own."""
    paths = read_plan(Path(folder, "plan.json"))["bases"]
    return _assemble(
        Path(folder), _about(Path(folder), data), {name: Path(p, "models.skops") for name, p in paths.items()}
    )


def _assemble(folder: Path, about: dict[str, Any], files: dict[str, Path]) -> Model:
    experiment = lowered(parse_experiment(about["experiment"], str(folder)))
    bases = {name: load_models(files[name]) for name in experiment.bases}
    return Model(experiment, bases, read_json(folder / "stack.json"), about)


def _about(folder: Path, data: Data) -> dict[str, Any]:
    experiment = read_experiment(folder / "experiment.yaml")
    views = {name: Path(path).stem for name, path in read_plan(folder / "plan.json")["views"].items()}
    card = read_json("results/data/card.json")
    return {
        "nightshift": __version__,
        "experiment": experiment.model_dump(mode="json"),
        "view_keys": {name: [views[view] for view in base.views] for name, base in lowered(experiment).bases.items()},
        "columns": card["columns"],
        "schema": card["schema"],
        "data": data.model_dump(mode="json"),
    }
