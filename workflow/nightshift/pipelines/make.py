"""From checked steps to an unfitted scikit-learn pipeline."""

from __future__ import annotations

import importlib
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.feature_selection import chi2, f_classif
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    StrOptions,
    validate_parameter_constraints,
)

from nightshift.pipelines.catalogue import CATALOGUE, Steps
from nightshift.pipelines.own import ProductGuard, StorableSplines, mutual_information

_SCORES = {"f_classif": f_classif, "chi2": chi2, "mutual_info_classif": mutual_information}
_IN_PLACE_OF = {"sklearn.preprocessing.SplineTransformer": StorableSplines}


def constraint_problem(path: str, name: str, value: Any) -> str | None:
    """What scikit-learn has against one value of a parameter; None if nothing."""
    constraints = _allowed_class(path)._parameter_constraints.get(name)
    if constraints is None:
        return f"{name!r} is not known to the scikit-learn that is installed"
    # A bool passes for the integers 0 and 1 in Python, and in scikit-learn's intervals.
    if type(value) is not bool or "boolean" in [one for one in constraints if isinstance(one, str)]:
        try:
            validate_parameter_constraints({name: constraints}, _converted({name: value}), path)
            return None
        except InvalidParameterError:
            pass  # its message has sets of words in an order of their own, and names of types
    return f"{name!r} must be {_in_words(constraints)}, not {value!r}"


def _in_words(constraints: list[Any]) -> str:
    words = []
    for one in constraints:
        if isinstance(one, StrOptions):
            words += [repr(option) for option in sorted(one.options)]
        elif isinstance(one, Interval):
            words.append(str(one).replace("an int", "a whole number").replace("a float", "a number"))
        elif one is None or one == "boolean":
            words.append("null" if one is None else "true or false")
        elif one is dict:
            words.append("{0: weight, 1: weight}")
    return " or ".join(words)


def make_pipeline(steps: Steps, seed: int) -> Pipeline:
    """An unfitted pipeline of checked steps; `seed` goes wherever a class draws random numbers."""
    named = []
    for number, step in enumerate(steps, 1):
        [(path, parameters)] = step.items()
        kind = _allowed_class(path)
        values = _converted({**CATALOGUE[path].preset, **parameters})
        if "random_state" in kind._parameter_constraints:
            values["random_state"] = seed
        name = path.rpartition(".")[2]
        if name == "PolynomialFeatures":
            named.append((f"{number}_ProductGuard", ProductGuard(values.get("degree", 2))))
        named.append((f"{number}_{name}", kind(**values)))
    return Pipeline(named)


def _allowed_class(path: str) -> type[BaseEstimator]:
    """Import a class of the catalogue.

    Raises
    ------
    KeyError
        For any other path: the gate was passed by.
    """
    if path not in CATALOGUE:
        raise KeyError(path)
    if path in _IN_PLACE_OF:
        return _IN_PLACE_OF[path]
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _converted(parameters: dict[str, Any]) -> dict[str, Any]:
    """JSON values in the types that scikit-learn wants."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in parameters.items()}
    if "score_func" in values:
        values["score_func"] = _SCORES[values["score_func"]]
    if isinstance(values.get("class_weight"), dict):
        values["class_weight"] = {int(label): weight for label, weight in values["class_weight"].items()}
    return values
