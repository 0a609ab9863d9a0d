"""The two data rules: `ingest` and `split`, from the user's files to the files of development and holdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nightshift.config import Config
from nightshift.data import ingest as ingesting
from nightshift.data.development import folds_frame, labels_frame
from nightshift.data.leakage import leakage_warnings
from nightshift.data.schema import Schema
from nightshift.data.segments import conditions_on
from nightshift.data.split import Split, group_codes, split_cases
from nightshift.errors import InputError, Problem
from nightshift.files import digest_of, digest_of_file, read_json, replacing, write_json
from nightshift.identity import identity_of


def ingest(config: Config, check_more: Callable[[Mapping[str, str] | None], list[Problem]], output: Any) -> None:
    """Read and check everything before the first experiment.

    Parameters
    ----------
    config : Config
    check_more : problems of queue and agent, given the kinds of the columns, or None where they could not be found
    output : paths `cases`, `turns`, `labels`, `about`

    Raises
    ------
    InputError
        Every problem of data, config and queue.
    """
    try:
        read = ingesting.ingest(config, Path())
    except InputError as error:
        raise InputError([*error.problems, *check_more(None)]) from None
    if problems := check_more(read.schema.features):
        raise InputError(problems)
    for frame, path in ((read.cases, output.cases), (read.turns, output.turns), (read.keys, output.labels)):
        _write(frame, path)
    for warning in read.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    write_json(
        output.about, {"schema": json.loads(read.schema.to_json()), "warnings": read.warnings, "counts": read.counts}
    )


def split(config: Config, source: Any, output: Any) -> None:
    """Choose holdout and folds, lay the two parts apart, and describe the development cases in the card."""
    cases, turns, keys = (pd.read_parquet(path) for path in (source.cases, source.turns, source.labels))
    about = read_json(source.about)
    parts = split_cases(keys, config.validation, config.search.seed)
    for rows, cases_path, turns_path in (
        (parts.development, output.cases, output.turns),
        (parts.holdout, output.holdout_cases, output.holdout_turns),
    ):
        part = cases.iloc[rows]
        _write(part, cases_path)
        _write(turns[turns["case_id"].isin(part["case_id"])], turns_path)
    _write(folds_frame(keys, parts), output.folds)
    _write(labels_frame(keys, parts.holdout, group_codes(keys.iloc[parts.holdout])), output.holdout_labels)
    schema = Schema.from_json(about["schema"])
    rows = parts.development
    times = keys["time"].iloc[rows] if config.data.time else None
    leaks = leakage_warnings(cases.iloc[rows], keys["target"].iloc[rows], schema, times)
    segments = conditions_on(cases.iloc[rows], schema.features)
    missing = {name: round(float(cases[name].iloc[rows].isna().mean()), 4) for name in schema.features}
    card = {**_card(about, schema, keys, turns, parts, leaks), "missing": missing, "segments": segments}
    write_json(output.card, card)
    write_json(output.identity, identity_of(config))
    data = digest_of([digest_of_file(output.cases), digest_of_file(output.turns), schema.features])
    folds = digest_of_file(output.folds)[:20]
    write_json(output.split, {"scheme": parts.scheme, "data": data, "folds": folds, "purged": parts.purged})


def _card(
    about: dict[str, Any], schema: Schema, keys: pd.DataFrame, turns: pd.DataFrame, parts: Split, leaks: list[str]
) -> dict[str, Any]:
    development = turns[turns["case_id"].isin(keys["case_id"].iloc[parts.development])]
    # By the number of cases they speak in: names that change from call to call come last.
    speakers = development.groupby("speaker")["case_id"].nunique().sort_values(ascending=False, kind="stable")
    return {
        "columns": schema.features,
        "schema": about["schema"],
        "speakers": speakers.index.tolist()[:10],
        "counts": about["counts"],
        "timed": bool(development["start"].notna().any()),
        "dated": bool(development["time"].notna().any()),
        "development": len(parts.development),
        "holdout": len(parts.holdout),
        "base_rate": float(np.mean(keys["target"].iloc[parts.development])),
        "scheme": parts.scheme,
        "folds": len(parts.folds.numbers()),
        "warnings": [*about["warnings"], *_purged(parts, len(keys)), *leaks],
    }


def _purged(parts: Split, cases: int) -> list[str]:
    """What the split left out, for the card: the numbers of cases on its two sides do not add up without it."""
    if parts.purged == 0:
        return []
    return [
        f"{parts.purged} of {cases} cases are neither in development nor in the holdout: others of their group (data.group) "
        "are in the holdout"
    ]


def _write(frame: pd.DataFrame, path: str | Path) -> None:
    with replacing(path) as partial:
        frame.reset_index(drop=True).to_parquet(partial, compression="zstd", index=False)
