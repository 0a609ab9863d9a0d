"""What a night leaves: the champion's model and the opening of the holdout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from nightshift.chain import train
from nightshift.config import Config, Data
from nightshift.data.development import read_development, read_raw
from nightshift.errors import NightshiftError
from nightshift.files import digest_of, digest_of_file, read_json, write_json
from nightshift.gc import MODELS
from nightshift.ladder import climbed, figures
from nightshift.ledger import finished
from nightshift.llm.context import asking
from nightshift.llm.store import Store
from nightshift.model import Model, ModelFiles, load_model, model_of, save_model
from nightshift.names import DEVELOPMENT, EXPERIMENTS
from nightshift.parallel import alone_if_killed, cores_here
from nightshift.plan import read_plan
from nightshift.reference import Reference, make_reference, save_reference
from nightshift.report.holdout import holdout_curves
from nightshift.rungs import BASELINE
from nightshift.scoring import read_scores
from nightshift.spare import Every, every
from nightshift.verdict import Candidate, count_opening, make_verdict
from nightshift.views import load_block
from nightshift.views.base import RawData

_SECONDS = 1.0  # roughly, that a few bases take to be read and to encode the development cases


def crown(target: str | Path, data: Data) -> None:
    """Gather the champion of the ledger into a model folder.

    Raises
    ------
    NightshiftError
        When every experiment crashed.
    """
    last = finished()[-1]
    champion = read_json(Path(EXPERIMENTS, last, "metrics.json"))["champion"]
    if champion is None:
        reason = read_json(Path(EXPERIMENTS, BASELINE, "metrics.json")).get("reason", "")
        raise NightshiftError(
            f"every experiment crashed, so there is no champion; exp-0000 said: {reason}\n"
            f"    -> {EXPERIMENTS}/exp-0000/metrics.json has the traceback under 'tail'"
        )
    folder = Path(EXPERIMENTS, champion)
    for path in read_plan(folder / "plan.json")["bases"].values():
        if not Path(path, MODELS).exists():  # `nightshift gc` took them before this experiment wanted the base
            train(Path(path).name, path)
    gather_model(target, folder, data)


def gather_model(target: str | Path, folder: Path, data: Data) -> None:
    """Put an experiment's model into a folder of its own, with what it remembers of the development cases."""
    save_model(target, folder, data)
    save_reference(target, _reference_of(folder, load_model(target, sparing=True)))


def _reference_of(folder: Path, model: Model) -> Reference:
    raw, development = read_raw(DEVELOPMENT), read_development(DEVELOPMENT)
    files = read_plan(folder / "plan.json")["views"]
    blocks = {
        name: load_block(files[name]) if Path(files[name]).exists() else view.featurize(raw)
        for name, view in model.experiment.views.items()
    }
    scores = read_scores(folder / "oof.parquet")
    return make_reference(model, blocks, raw, scores, development.folds, shares_of(model.bases))


def shares_of(bases: ModelFiles) -> Every:
    """A `map` for some bases after the other: on spare cores too, since a night has little else to do by then, but for models so
    large that they are to be in memory once."""
    return every(_SECONDS) if bases.fit_in(cores_here()) else map


def open_holdout(source: Any, target: str, curves: str, config: Config, cores: int = 1) -> None:
    """Predict the holdout with champion, baseline and the ladder's rungs between, on so many cores; write the verdict and
    its curves."""
    with asking(config.agent, "holdout"):
        verdict, sides = alone_if_killed(lambda processes: _opened(source, config.data, processes), cores)
    used = Store().usage()
    write_json(curves, sides)
    write_json(target, {**verdict, "tokens": used.tokens, "money": used.money})


def _opened(source: Any, data: Data, cores: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The verdict, and the curves of its sides."""
    raw = read_raw(Path(source.cases).parent)
    labels = pd.read_parquet(source.labels)
    model = load_model(Path(source.champion).parent, sparing=True)
    champion = _candidate(model.experiment.id, model, raw, cores)
    crashed = read_json(Path(EXPERIMENTS, BASELINE, "metrics.json"))["status"] == "crash"
    if crashed:
        baseline = None
    elif champion.experiment == BASELINE:
        baseline = champion
    else:
        baseline = _candidate(BASELINE, model_of(Path(EXPERIMENTS, BASELINE), data), raw, cores)
    identity = digest_of(read_json(source.identity))
    openings = count_opening(labels["case_id"], identity, digest_of_file(source.ledger))
    y, groups = labels["target"].to_numpy(), labels["group"].to_numpy()
    verdict = make_verdict(champion, baseline, y, groups, openings)
    rungs = climbed(source.ladder, champion.experiment)
    known = {BASELINE: baseline, champion.experiment: champion}
    logits = {
        rung: known[folder.name].logits if folder.name in known else model_of(folder, data).predict_logit(raw, cores)
        for rung, folder in rungs.items()
    }
    verdict["ladder"] = figures(rungs, logits, y, groups)
    sides = {"champion": champion.logits} | ({} if baseline in (None, champion) else {"baseline": baseline.logits})
    return verdict, holdout_curves(y, groups, sides)


def _candidate(experiment: str, model: Model, raw: RawData, cores: int) -> Candidate:
    cv_auc = read_json(Path(EXPERIMENTS, experiment, "metrics.json"))["cv_auc"]
    return Candidate(experiment, cv_auc, model.predict_logit(raw, cores))
