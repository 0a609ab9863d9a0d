"""SQL of an experiment, tried on tables without rows: what is wrong with it is said before it is proposed."""

from __future__ import annotations

from collections.abc import Mapping

from nightshift.errors import Problem
from nightshift.experiment import Experiment
from nightshift.sandbox import Limits, SqlRefused, cases_table, condition
from nightshift.views import RawData
from nightshift.views.sql import SqlView

_LIMITS = Limits(memory_mb=500, seconds=20)
_REMEDY = "mend the SQL; docs/experiments.md says what it may read and must return"


def sql_problems(experiment: Experiment, kinds: Mapping[str, str], file: str) -> list[Problem]:
    """Problems of the SQL views and segments of an experiment.

    Parameters
    ----------
    experiment : Experiment
    kinds : column of the cases -> kind, as the data's card has them
    file : what messages call the experiment
    """
    views = {name: view for name, view in experiment.views.items() if isinstance(view, SqlView)}
    segments = {name: base.segment for name, base in experiment.bases.items() if base.segment is not None}
    if not views and not segments:
        return []
    nothing = _no_rows(kinds)
    problems = []
    for name, view in views.items():
        try:
            view.check(nothing, _LIMITS)
        except SqlRefused as error:
            problems.append(Problem(f"views.{name}: {error}", _REMEDY, file))
    for name, segment in segments.items():
        try:
            condition(segment, cases_table(nothing), _LIMITS)
        except SqlRefused as error:
            problems.append(Problem(f"bases.{name}.segment: {error}", _REMEDY, file))
    return problems


def _no_rows(kinds: Mapping[str, str]) -> RawData:
    import pandas as pd

    from nightshift.data.turns import no_turns

    cases = pd.DataFrame({name: pd.Series(dtype="object") for name in ("case_id", *kinds)})
    return RawData(cases, no_turns(), kinds)
