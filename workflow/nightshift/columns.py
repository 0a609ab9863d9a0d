"""Dense blocks to matrices: what is fitted to a fold's columns before a learner is."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from nightshift.views.base import Block, Columns

_RARE = 8  # a category seen in fewer training cases is put together with the other rare ones
_MOST_CATEGORIES = 25


class ColumnsEncoder(TransformerMixin, BaseEstimator):
    """Dense block -> float matrix: numbers, indicators of missing ones, categories one-hot with the rare ones together.

    scikit-learn fits it, and what it has learned is kept as a few arrays: its own transformers would be most of what a model
    file holds and of the time that reading it and predicting with it take (`make bench-encode`).

    Parameters
    ----------
    scaled : bool
        True for linear models: missing values imputed by the median with an indicator beside, columns standardised.
        False for trees, which take missing values as they are.

    Attributes
    ----------
    medians_, indicated_, mean_, scale_ : arrays; empty unless scaled
        What stands for a missing number, the numbers that have an indicator, mean and scale of numbers and indicators.
    widths_, unknown_ : int arrays, of the columns of categories
        How many columns of the matrix each makes; which of them is that of the rare ones and of those never seen, -1 for none.

    Raises
    ------
    ValueError
        When a number is infinite.
    """

    def __init__(self, scaled: bool = False):
        self.scaled = scaled

    def fit(self, block: Columns, y: np.ndarray | None = None) -> ColumnsEncoder:
        frame = _strings_filled(block)
        numbers = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
        categories = [name for name in frame if name not in set(numbers)]
        # A column without one value, or with a single one, in this fold's training cases has nothing to give.
        numbers = [name for name in numbers if frame[name].nunique(dropna=False) > 1 and frame[name].notna().any()]
        scaler = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
        hot = OneHotEncoder(min_frequency=_RARE, max_categories=_MOST_CATEGORIES, handle_unknown="infrequent_if_exist")
        self._keep_numbers(numbers, scaler.fit(_floats(frame, numbers)) if self.scaled and numbers else None)
        self._keep_categories(categories, hot.fit(frame[categories]) if categories else None)
        return self

    def _keep_numbers(self, names: list[str], scaler: Pipeline | None) -> None:
        # One string, as the terms of a `TermsEncoder`.
        self.number_names_ = json.dumps(names)
        self.medians_ = self.mean_ = self.scale_ = np.zeros(0)
        self.indicated_ = np.zeros(0, dtype=int)
        if scaler is not None:
            self.medians_, self.indicated_ = scaler[0].statistics_, scaler[0].indicator_.features_
            self.mean_, self.scale_ = scaler[1].mean_, scaler[1].scale_

    def _keep_categories(self, names: list[str], hot: OneHotEncoder | None) -> None:
        learned = zip(hot.categories_, hot.infrequent_categories_, strict=True) if hot is not None else ()
        pairs = [(kinds, frozenset() if rare is None else frozenset(rare)) for kinds, rare in learned]
        # Rare ones are left out: what is not known goes where they go.
        frequent = [[kind for kind in kinds if kind not in rare] for kinds, rare in pairs]
        self.category_names_ = json.dumps(dict(zip(names, frequent, strict=True)))
        counts, has_rare = (
            np.array([*map(len, frequent)], dtype=int),
            np.array([bool(rare) for _, rare in pairs], dtype=bool),
        )
        self.widths_, self.unknown_ = counts + has_rare, np.where(has_rare, counts, -1)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Of older model files too, which hold scikit-learn's transformers themselves."""
        older = state.get("columns_")
        super().__setstate__({key: value for key, value in state.items() if older is None or key == "scaled"})
        if older is not None:
            parts, (numbers, categories) = older.named_transformers_, (state["numbers_"], state["categories_"])
            self._keep_numbers(numbers, parts["numbers"] if self.scaled and numbers else None)
            self._keep_categories(categories, parts["categories"] if categories else None)

    @property
    def numbers_(self) -> list[str]:
        """Columns of numbers that vary, in order."""
        return json.loads(self.number_names_)

    @property
    def categories_(self) -> dict[str, list[str]]:
        """Columns of categories -> the frequent ones, in order."""
        return json.loads(self.category_names_)

    def transform(self, block: Columns) -> np.ndarray:
        frame = _strings_filled(block)
        matrix = np.hstack([self._numbers(frame), self._categories(frame)])
        return np.clip(matrix, -8, 8) if self.scaled else matrix

    def _numbers(self, frame: pd.DataFrame) -> np.ndarray:
        values = _floats(frame, self.numbers_)
        if not self.scaled:
            return values
        missing = np.isnan(values)
        filled = np.where(missing, self.medians_, values)
        return (np.hstack([filled, missing[:, self.indicated_]]) - self.mean_) / self.scale_

    def _categories(self, frame: pd.DataFrame) -> np.ndarray:
        """Unknown categories of new cases count as rare, or as none of the known ones: no warning is due."""
        hot, start = np.zeros((len(frame), self.widths_.sum())), 0
        for (name, known), unknown, width in zip(self.categories_.items(), self.unknown_, self.widths_, strict=True):
            # New cases may have numbers there, as where the column is empty.
            values = _strings(frame[name]) if pd.api.types.is_numeric_dtype(frame[name]) else frame[name]
            place = pd.Index(known, dtype=object).get_indexer(values)
            place[place < 0] = unknown
            hot[np.flatnonzero(place >= 0), start + place[place >= 0]] = 1
            start += width
        return hot


class _Prepared(Columns):
    """A dense block whose strings are as the encoders want them."""

    def take(self, rows: np.ndarray) -> _Prepared:
        return _Prepared(self.frame.iloc[rows])


def prepared(blocks: dict[str, Block]) -> dict[str, Block]:
    """The same blocks with strings as the encoders want them: once, instead of for every fold."""
    return {
        name: _Prepared(_strings_filled(block)) if isinstance(block, Columns) else block
        for name, block in blocks.items()
    }


def _floats(frame: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Numbers of these columns; one that a view has for none of these cases, as where nobody spoke, is missing in all."""
    values = frame.reindex(columns=names).to_numpy(np.float64, na_value=np.nan)
    if np.isinf(values).any():
        column = names[np.isinf(values).any(axis=0).argmax()]
        raise ValueError(f"column {column!r} has an infinite number; a view gives a number or a missing value")
    return values


def _strings_filled(block: Columns) -> pd.DataFrame:
    """Object columns of plain strings, missing as '' (a category of its own): the one type all encoders agree on."""
    frame = block.frame
    if isinstance(block, _Prepared):
        return frame
    strings = {name: _strings(column) for name, column in frame.items() if not pd.api.types.is_numeric_dtype(column)}
    return frame.assign(**strings) if strings else frame


def _strings(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), "").astype(str).astype(object)
