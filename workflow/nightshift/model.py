"""Models on disk: fold models as skops files, and the folder that predicts new cases by itself."""

from __future__ import annotations

import functools
import shutil
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED

import numpy as np
import pandas as pd

from nightshift import __version__
from nightshift.calibrate import apply_platt
from nightshift.columns import prepared
from nightshift.config import Data
from nightshift.errors import NightshiftError
from nightshift.experiment import Experiment, parse_experiment, read_experiment
from nightshift.files import read_json, replacing, write_json
from nightshift.learners import LEARNERS
from nightshift.levels import lowered
from nightshift.memory import free_memory
from nightshift.parallel import shared_among
from nightshift.plan import read_plan
from nightshift.sandbox import cases_table, condition
from nightshift.stack import FittedStack
from nightshift.train import FoldModel
from nightshift.views.base import Block, RawData

# The only types a model file may hold beyond skops' own list; a file that names any other is refused, not loaded.
_TRUSTED = (
    "numpy.dtype",
    "nightshift.train.FoldModel",
    "nightshift.columns.ColumnsEncoder",
    "nightshift.encode.BlocksEncoder",
    "nightshift.encode.ColumnsEncoder",  # where older model files know it
    "nightshift.encode.TermsEncoder",
)

_SMALL = 200e6  # bytes of files whose models are kept together
_UNPACKED = 10  # bytes in memory, at most, while a byte of a file is read: forests are packed well


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


class ModelFiles(Mapping[str, list[FoldModel]]):
    """Base -> its fold models, read when they are asked for.

    Of large ones only those asked for last stay in memory: five forests of 100,000 cases take gigabytes, and an experiment
    has many. So ask base by base.

    Parameters
    ----------
    files : base -> what `save_models` wrote
    folds : how many fold models to keep of each; None: all

    Attributes
    ----------
    large : whether they are too large to be in memory all at a time
    """

    def __init__(self, files: Mapping[str, Path], folds: int | None = None):
        self._files, self._folds, self._read = files, folds, {}
        sizes = [file.stat().st_size for file in files.values()]
        self.large, self._largest = sum(sizes) > _SMALL, max(sizes, default=0)

    def fit_in(self, processes: int) -> bool:
        """Whether there is memory for so many processes, each of which has what it reads."""
        needed = processes * _UNPACKED * (self._largest if self.large else 0)
        return needed < free_memory() / 2

    def __getitem__(self, name: str) -> list[FoldModel]:
        if name not in self._read:
            if self.large:
                self._read.clear()
            self._read[name] = load_models(self._files[name])[: self._folds]
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def shared_by(models: Mapping[str, list[FoldModel]], cores: int) -> tuple[int, int]:
    """Among how many processes bases are to be shared, and the folds of one: bases, or folds base by base where models are
    so large that the processes must have in memory what this one has read."""
    return (1, cores) if isinstance(models, ModelFiles) and not models.fit_in(cores) else (cores, 1)


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
    bases: Mapping[str, list[FoldModel]]
    stacked: dict[str, Any]
    about: dict[str, Any]

    def featurize(self, data: RawData) -> dict[str, Block]:
        """View -> Block of the cases in `data`, in the form that ingest gives them."""
        return {name: view.featurize(data) for name, view in self.experiment.views.items()}

    def predict_logit(self, data: RawData, cores: int = 1) -> np.ndarray:
        """Calibrated logits (n_cases,) of cases and turns in the form that ingest gives them."""
        return self.stack_logits(self.predict_bases(self.featurize(data), data, cores))

    def predict_bases(self, blocks: dict[str, Block], data: RawData, cores: int = 1) -> dict[str, np.ndarray]:
        """Base -> raw logits (n_cases, fold models); NaN outside its segment.

        Parameters
        ----------
        blocks : view -> Block, of the cases in `data`
        data : RawData, for the conditions of segments
        cores : processes to share the work among, forked; the outcome does not depend on it
        """
        logits: dict[str, np.ndarray] = {}
        blocks = prepared(blocks)
        among_bases, among_folds = shared_by(self.bases, cores)
        work = functools.partial(self._of_base, blocks=blocks, logits=logits, data=data, cores=among_folds)
        for names in self.experiment.levels():
            with shared_among(work, min(among_bases, len(names))) as every:
                logits.update(zip(names, every(names), strict=True))
        return logits

    def stack_logits(self, logits: dict[str, np.ndarray]) -> np.ndarray:
        """Calibrated logits (n_cases,) of what `predict_bases` gives."""
        columns = [self.calibrated(name, logits[name]) for name in self.stacked["over"]]
        score = FittedStack.from_json(self.stacked["stack"]).predict(np.column_stack(columns))
        return apply_platt(np.array(self.stacked["line"]), score)

    def calibrated(self, name: str, logits: np.ndarray) -> np.ndarray:
        """Logits (n_cases,) that the stack weighs: the mean of a base's calibrated fold models."""
        number = self.stacked["over"].index(name)
        lines = self.fold_lines()
        return np.mean([apply_platt(line[:, number], fold) for line, fold in zip(lines, logits.T, strict=True)], axis=0)

    def fold_lines(self) -> np.ndarray:
        """Calibrators of the fold models of the bases that the stack is over, (repeats * folds, 2, n_over)."""
        lines = np.array(self.stacked["base_lines"])
        return lines.reshape(-1, *lines.shape[2:])

    def keyed(self, name: str, blocks: dict[str, Block]) -> dict[str, Block]:
        """Blocks of a base under the names by which its fold models know them: digests, as they were trained."""
        base = self.experiment.bases[name]
        return {key: blocks[view] for key, view in zip(self.about["view_keys"][name], base.views, strict=True)}

    def _of_base(
        self, name: str, blocks: dict[str, Block], logits: dict[str, np.ndarray], data: RawData, cores: int
    ) -> np.ndarray:
        base, keyed, models = self.experiment.bases[name], self.keyed(name, blocks), self.bases[name]
        below = np.stack([logits[other] for other in base.bases], axis=1) if base.bases else None

        def of_fold(fold: int) -> np.ndarray:
            return models[fold].predict_logit(keyed, None if below is None else below[:, :, fold])

        with shared_among(of_fold, cores) as every:
            found = np.column_stack(every(list(range(len(models)))))
        within = self.segment_of(name, data)
        return found if within is None else np.where(within[:, None], found, np.nan)

    def segment_of(self, name: str, data: RawData) -> np.ndarray | None:
        """Cases in the segment of a base, bool (n_cases,); None for a base that hears all."""
        segment = self.experiment.bases[name].segment
        return condition(segment, cases_table(data)) if segment else None

    def read_new(
        self,
        cases: str | Path | pd.DataFrame,
        transcripts: str | Path | pd.DataFrame | None = None,
        as_of: str | None = None,
        allow_missing: bool = False,
    ) -> tuple[RawData, list[str]]:
        """Raw rows and transcripts as the model's training cases were read, and warnings; see `nightshift.data.new`."""
        from nightshift.data.new import read_new
        from nightshift.data.schema import Schema

        schema, data = Schema.from_json(self.about["schema"]), Data.model_validate(self.about["data"])
        hears = any(view.needs_turns for view in self.experiment.views.values())
        rows, turns, notes = read_new(cases, transcripts, schema, data, as_of, allow_missing, hears)
        return RawData(rows, turns, self.about["columns"]), notes


def save_model(target: str | Path, folder: str | Path, data: Data) -> None:
    """Gather an experiment into a folder that predicts by itself.

    Parameters
    ----------
    target : where to put it
    folder : the experiment's
    data : Data, whose names new files are read by
    """
    folder, target = Path(folder), Path(target)
    paths = read_plan(folder / "plan.json")["bases"]
    with replacing(target / "bases") as bases:
        bases.mkdir(parents=True)
        for name, path in paths.items():
            shutil.copyfile(Path(path, "models.skops"), bases / f"{name}.skops")
    for name in ("experiment.yaml", "stack.json", "metrics.json"):
        with replacing(target / name) as partial:
            shutil.copyfile(folder / name, partial)
    # Last: a folder that has it is whole.
    write_json(target / "model.json", _about(folder, data))


def load_model(folder: str | Path, sparing: bool = False) -> Model:
    """Load a model folder; only data and trusted types are read, nothing is unpickled.

    With `sparing` the bases are `ModelFiles`: for what asks each base once or twice.
    """
    folder = Path(folder)
    try:
        about = read_json(folder / "model.json")
    except FileNotFoundError:
        raise NightshiftError(
            f"{folder} holds no model\n    -> name a model folder, such as results/champion after a night"
        ) from None
    return _assemble(folder, about, {name: folder / "bases" / f"{name}.skops" for name in about["view_keys"]}, sparing)


def model_of(folder: str | Path, data: Data) -> Model:
    """The model of an experiment where it lies, without gathering it into a folder of its own; its bases are `ModelFiles`."""
    paths = read_plan(Path(folder, "plan.json"))["bases"]
    return _assemble(
        Path(folder), _about(Path(folder), data), {name: Path(p, "models.skops") for name, p in paths.items()}, True
    )


def _assemble(folder: Path, about: dict[str, Any], files: dict[str, Path], sparing: bool) -> Model:
    experiment = lowered(parse_experiment(about["experiment"], str(folder)))
    bases = ModelFiles({name: files[name] for name in experiment.bases})
    if not sparing:
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
