"""What a model remembers of the cases it was trained on: the typical case, the scores out of fold, the spread of each
measure. Sums and counts only, no row of anybody's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from nightshift.calibrate import apply_platt
from nightshift.columns import prepared
from nightshift.data.split import Folds
from nightshift.drift import Measure, columns_of, measures_of
from nightshift.encode import TermsEncoder, take
from nightshift.files import read_json, replacing, write_json
from nightshift.model import Model
from nightshift.spare import Every
from nightshift.views.base import Block, Columns, RawData

NUMBERS, WORDS = "reference.npz", "reference.json"
_MOST_CASES = 5000
_MOST_VALUES = 500
_TOGETHER = 4  # bases


@dataclass(frozen=True)
class Reference:
    """Content of reference.npz and reference.json.

    Attributes
    ----------
    cases : development cases it was made from
    means : base -> for each fold model, the mean row of its matrix
    below : base of the second level -> for each fold model, the mean calibrated logits of the bases below
    deciles : float array (9,), calibrated logits out of fold that part the development cases into tenths, ascending
    medians : view -> column -> median, of dense views' number columns
    measures : how each column and view is spread
    categories : column -> the values that development cases have; columns of more than 500 are left out
    """

    cases: int
    means: Mapping[str, list[np.ndarray]]
    below: Mapping[str, list[np.ndarray]]
    deciles: np.ndarray
    medians: Mapping[str, Mapping[str, float]]
    measures: list[Measure]
    categories: Mapping[str, list[str]]


def make_reference(
    model: Model, blocks: Mapping[str, Block], raw: RawData, scores: np.ndarray, folds: Folds, every: Every = map
) -> Reference:
    """Describe the development cases as a model sees them.

    Parameters
    ----------
    model : Model
    blocks : view -> Block of n_cases rows
    raw : RawData of the development cases
    scores : float array (n_cases, repeats), calibrated logits out of fold; NaN where a case is never predicted
    folds : Folds of these cases
    every : like `map`
        Does some bases after the other, or some of them elsewhere.
    """
    familiar = _familiar_out_of_fold(model, blocks, folds.assignment[:, 0])
    measures = measures_of(columns_of(raw, model.experiment.views, blocks, familiar), folds.groups)
    n = len(raw.cases)
    some = np.arange(n) if n <= _MOST_CASES else np.linspace(0, n - 1, _MOST_CASES).astype(int)
    part = prepared(take(dict(blocks), some))
    means, below = _means_of(model, part, raw.take(some), every)
    known = np.nanmean(scores, axis=1)[np.isfinite(scores).all(axis=1)]
    return Reference(
        n, means, below, np.quantile(known, np.arange(1, 10) / 10), _medians(blocks), measures, _categories(raw)
    )


class _Seen(NamedTuple):
    """Of one base, for each fold model: the mean row of its matrix, mean calibrated logits of the bases below, where it has any,
    and logits of the cases, where a base stands on it."""

    means: list[np.ndarray]
    below: list[np.ndarray]
    logits: np.ndarray | None


def _means_of(
    model: Model, blocks: dict[str, Block], raw: RawData, every: Every
) -> tuple[dict[str, list[np.ndarray]], dict[str, list[np.ndarray]]]:
    """`Reference.means` and `Reference.below`."""
    stood_on = {other for base in model.experiment.bases.values() for other in base.bases}
    seen: dict[str, _Seen] = {}

    def of_some(names: list[str]) -> list[_Seen]:
        return [_seen(model, name, blocks, raw, seen, name in stood_on) for name in names]

    for names in model.experiment.levels():
        # Several to a piece: a helper is forked for each.
        parts = [names[start : start + _TOGETHER] for start in range(0, len(names), _TOGETHER)]
        for part, found in zip(parts, every(of_some, parts), strict=True):
            seen.update(zip(part, found, strict=True))
    bases = model.experiment.bases
    return {name: seen[name].means for name in bases}, {name: seen[name].below for name in bases}


def _seen(
    model: Model, name: str, blocks: dict[str, Block], raw: RawData, seen: Mapping[str, _Seen], is_stood_on: bool
) -> _Seen:
    keyed, under = model.keyed(name, blocks), [seen[other].logits for other in model.experiment.bases[name].bases]
    means, below, folds = [], [], []
    for fold, fitted in enumerate(model.bases[name]):
        heard = np.column_stack([logits[:, fold] for logits in under]) if under else None
        # Encoding is most of the work: once for the mean and for what stands on this base.
        matrix = fitted.matrix(keyed, heard)
        means.append(_mean(matrix))
        if heard is not None:
            below.append(np.nanmean(apply_platt(fitted.line, heard), axis=0))
        if is_stood_on:
            folds.append(fitted.logit_of_matrix(matrix))
    if not is_stood_on:
        return _Seen(means, below, None)
    found, within = np.column_stack(folds), model.segment_of(name, raw)
    return _Seen(means, below, found if within is None else np.where(within[:, None], found, np.nan))


def encoders_of_words(model: Model) -> dict[str, list[TermsEncoder]]:
    """Views of words -> encoders of the fold models of the first base that reads them."""
    found: dict[str, list[TermsEncoder]] = {}
    others = {name for name, view in model.experiment.views.items() if not view.named}  # views without words
    for name, base in model.experiment.bases.items():
        if others.union(found).issuperset(base.views):
            continue  # it has no new view of words, and its models may not have been read
        fitted = [fold.encoder.encoders_ for fold in model.bases[name]]
        for key, view in zip(model.about["view_keys"][name], base.views, strict=True):
            if not isinstance(fitted[0][key], TermsEncoder):
                others.add(view)
            elif view not in found and view not in others:
                found[view] = [encoders[key] for encoders in fitted]
    return found


def familiar_words(
    encoders: Mapping[str, list[TermsEncoder]], blocks: Mapping[str, Block], fold: int = 0
) -> dict[str, pd.Series]:
    """Share (n_cases,) of each case's words that a fold model knows, by view; NaN for a case without words."""
    found: dict[str, pd.Series] = {}
    for view, folds in encoders.items():
        places = blocks[view].index.get_indexer(pd.Index(folds[fold].names_, dtype=object))
        known = np.zeros(len(blocks[view].names))
        known[places[places >= 0]] = 1
        all_of_it = np.asarray(blocks[view].counts.sum(axis=1)).ravel()
        share = np.asarray(blocks[view].counts @ known).ravel() / np.where(all_of_it, all_of_it, np.nan)
        found[view] = pd.Series(share)
    return found


def _familiar_out_of_fold(model: Model, blocks: Mapping[str, Block], folds: np.ndarray) -> dict[str, pd.Series]:
    """As `familiar_words`, each case by the model that did not see it; cases that none predicts are left out."""
    encoders = encoders_of_words(model)
    words = {view: blocks[view] for view in encoders}
    found: dict[str, list[pd.Series]] = {}
    for number, fold in enumerate(np.unique(folds[folds >= 0])):
        rows = np.flatnonzero(folds == fold)
        for view, share in familiar_words(encoders, take(words, rows), number).items():
            found.setdefault(view, []).append(share.set_axis(rows))
    return {view: pd.concat(shares) for view, shares in found.items()}


def _mean(matrix: Any) -> np.ndarray:
    """Mean row; a column that is never there has mean 0."""
    if not isinstance(matrix, np.ndarray):
        return np.asarray(matrix.mean(axis=0)).ravel()
    known = np.isfinite(matrix)
    return np.where(known, matrix, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


def _medians(blocks: Mapping[str, Block]) -> dict[str, dict[str, float]]:
    dense = {view: block.frame for view, block in blocks.items() if isinstance(block, Columns)}
    return {
        view: {str(name): float(value) for name, value in frame.median(numeric_only=True).items() if np.isfinite(value)}
        for view, frame in dense.items()
    }


def _categories(raw: RawData) -> dict[str, list[str]]:
    values = {name: raw.cases[name].dropna().unique() for name, kind in raw.kinds.items() if kind == "category"}
    return {name: sorted(map(str, known)) for name, known in values.items() if len(known) <= _MOST_VALUES}


def save_reference(folder: str | Path, reference: Reference) -> None:
    """Write it into a model folder."""
    folder = Path(folder)
    arrays = {"deciles": reference.deciles}
    for kind, told in (("means", reference.means), ("below", reference.below)):
        for name, folds in told.items():
            arrays |= {f"{kind}/{name}/{fold}": row.astype(np.float32) for fold, row in enumerate(folds)}
    with replacing(folder / NUMBERS) as partial, partial.open("wb") as handle:
        np.savez_compressed(handle, **arrays)
    measures = [measure.to_json() for measure in reference.measures]
    told = {"cases": reference.cases, "medians": reference.medians, "categories": reference.categories}
    write_json(folder / WORDS, {**told, "measures": measures})


def load_reference(folder: str | Path) -> Reference | None:
    """Read what `save_reference` wrote; None for a model of an older nightshift, which had none."""
    folder = Path(folder)
    if not (folder / WORDS).exists():
        return None
    told = read_json(folder / WORDS)
    found: dict[str, dict[str, dict[int, np.ndarray]]] = {"means": {}, "below": {}}
    with np.load(folder / NUMBERS, allow_pickle=False) as arrays:
        deciles = arrays["deciles"]
        for key in arrays.files:
            if key != "deciles":
                kind, name, fold = key.split("/")
                found[kind].setdefault(name, {})[int(fold)] = arrays[key].astype(np.float64)
    rows = {
        kind: {name: [of[fold] for fold in sorted(of)] for name, of in told.items()} for kind, told in found.items()
    }
    measures = [Measure.from_json(content) for content in told["measures"]]
    of = told["medians"], measures, told["categories"]
    return Reference(told["cases"], rows["means"], rows["below"], deciles, *of)
