"""The gate: steps as somebody wrote them -> steps that may be built, or every reason why not.

The order matters. Names are compared with the catalogue as plain strings, and values looked at by their exact type,
before anything is imported; only then is scikit-learn asked for its opinion, of allowed classes alone.
"""

from __future__ import annotations

import difflib
import math
from typing import Any

from nightshift.pipelines.catalogue import CATALOGUE, LISTS, Entry, Steps, misfit

MOST_STEPS = 8
_SHOWN = 60
_MOST_SAID = 6
_NEVER_NULL = frozenset({"l1_ratio", "n_neighbors", "max_iter", "n_estimators", "p", "binarize", "score_func"})
_NOT_YOURS = frozenset({"n_jobs", "random_state", "verbose", "memory", "copy", "warm_start"})


def checked_steps(steps: Any) -> Steps:
    """Check steps and bring them into one form: null parameters as {}, class weights by "0" and "1".

    Parameters
    ----------
    steps : anything; allowed is a list of mappings of one class path to its parameters

    Returns
    -------
    list of {path: parameters}, made anew of plain JSON values

    Raises
    ------
    ValueError
        The problems of the first check that fails (names, then values, then combinations), each naming its step.
    """
    if type(steps) not in (list, tuple) or not 1 <= len(steps) <= MOST_STEPS:
        raise ValueError(f"steps: a list of 1 to {MOST_STEPS} steps, each one class path with its parameters")
    _raise([problem for number, step in enumerate(steps, 1) for problem in _path_problems(number, step)])
    read = [next(iter(step.items())) for step in steps]
    checked, problems = [], _order_problems([path for path, _ in read])
    for number, (path, given) in enumerate(read, 1):
        parameters, wrong = _checked_parameters(path, given)
        problems += [f"{_name(number, path)}: {what}" for what in wrong]
        checked.append({path: parameters})
    _raise(problems)
    _raise(_sklearn_problems(checked))
    _raise(_combination_problems(checked))
    if (number := misfit(checked, "dense")) is not None:
        where = _name(number, read[number - 1][0])
        raise ValueError(f"{where}: works on dense columns only, and what comes before it gives sparse ones")
    return checked


def _raise(problems: list[str]) -> None:
    if problems:
        rest = len(problems) - _MOST_SAID
        raise ValueError("; ".join(problems[:_MOST_SAID]) + (f"; and {rest} more" if rest > 0 else ""))


def _name(number: int, path: str) -> str:
    return f"step {number} ({path.rpartition('.')[2]})"


def _shown(value: Any) -> str:
    """A value for a message; of what is not JSON only the type, since its repr may be anything."""
    if type(value) not in (str, int, float, bool, type(None)):
        return f"a {type(value).__name__}"
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python prints
        return "a huge number"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _path_problems(number: int, step: Any) -> list[str]:
    if type(step) is not dict or len(step) != 1:
        return [f"step {number}: write exactly one class path with its parameters, such as 'sklearn.svm.SVC: {{C: 1}}'"]
    [(path, parameters)] = step.items()
    if type(path) is not str or path not in CATALOGUE:
        return [f"step {number}: {_shown(path)} is not among the allowed classes{_nearest_class(path)}"]
    if parameters is not None and type(parameters) is not dict:
        return [f"{_name(number, path)}: its parameters are a mapping of names to values, not {_shown(parameters)}"]
    return []


def _nearest_class(path: Any) -> str:
    listed = " (workflow/schemas/experiment.schema.json lists them)"
    if type(path) is not str or len(path) > 200:
        return listed
    by_class = {known.rpartition(".")[2].lower(): known for known in CATALOGUE}
    near = difflib.get_close_matches(path.rpartition(".")[2].lower(), by_class, n=1, cutoff=0.8)
    return f"; did you mean {by_class[near[0]]!r}?" if near else listed


def _order_problems(paths: list[str]) -> list[str]:
    last = len(paths)
    problems = [
        f"{_name(number, path)}: a classifier can only be the last step"
        for number, path in enumerate(paths[:-1], 1)
        if CATALOGUE[path].classifier
    ]
    if not CATALOGUE[paths[-1]].classifier:
        problems.append(f"{_name(last, paths[-1])}: the last step must be a classifier")
    return problems


def _checked_parameters(path: str, given: dict[Any, Any] | None) -> tuple[dict[str, Any], list[str]]:
    entry = CATALOGUE[path]
    parameters: dict[str, Any] = {}
    problems = []
    for name, value in (given or {}).items():
        if type(name) is not str or name not in entry.names:
            problems.append(_unknown_parameter(name, entry))
            continue
        wrong = _value_problem(name, value, entry)
        if wrong:
            problems.append(wrong)
        else:
            parameters[name] = _plain(name, value)
    return parameters, problems


def _unknown_parameter(name: Any, entry: Entry) -> str:
    if type(name) is not str:
        return f"names of parameters are text, not {_shown(name)}"
    if name in _NOT_YOURS:
        return f"{name!r} is not yours to set: seed, threads and output are those of the night"
    near = difflib.get_close_matches(name[:100], entry.names, n=1, cutoff=0.5)
    known = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(entry.names)}"
    return f"unknown parameter {_shown(name)}; {known}"


def _value_problem(name: str, value: Any, entry: Entry) -> str | None:
    """What is wrong with a value by its type, its size and the choices."""
    if type(value) is dict:
        return _weights_problem(value) if name == "class_weight" else f"{name!r} takes no mapping"
    if type(value) is list or name in LISTS:
        return _list_problem(name, value)
    if value is None or (name == "score_func" and type(value) is not str):
        return f"{name!r} cannot be {_shown(value)}" if name in _NEVER_NULL else None
    if type(value) is str:
        return _string_problem(name, value, entry)
    if type(value) is bool:
        return None
    if type(value) not in (int, float):
        return f"{name!r} must be a number, text, true, false or null, not {_shown(value)}"
    least, most = entry.bound(name)
    return None if _within(value, least, most) else f"{name!r} must be from {least:g} to {most:g}, not {_shown(value)}"


def _within(value: Any, least: float, most: float) -> bool:
    return type(value) in (int, float) and least <= value <= most  # false of NaN


def _string_problem(name: str, value: str, entry: Entry) -> str | None:
    choices = entry.choices.get(name)
    if choices is not None and value not in choices:
        return f"{name!r} must be {' or '.join(map(repr, choices)) or 'a number'}, not {_shown(value)}"
    try:
        number = float(value[:_SHOWN])
    except ValueError:
        return None if len(value) <= _SHOWN else f"{name!r}: {_shown(value)} is no value of it"
    if not math.isfinite(number):
        return f"{name!r} is the text {_shown(value)}: only finite numbers are allowed"
    # YAML takes 1e-3 for a text; with a point it is a number.
    point = str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    point = point.replace("e", ".0e") if "." not in point else point
    return f"{name!r} is the text {_shown(value)}, not a number; write {point}"


def _list_problem(name: str, value: Any) -> str | None:
    if name not in LISTS:
        return f"{name!r} takes no list"
    fewest, longest, least, most, ascending = LISTS[name]
    whole = name == "hidden_layer_sizes"
    good = (
        type(value) is list
        and fewest <= len(value) <= longest
        and all(_within(one, least, most) and (type(one) is int or not whole) for one in value)
        and (not ascending or value[0] < value[1])
    )
    count = str(fewest) if fewest == longest else f"{fewest} to {longest}"
    kind = "whole numbers" if whole else "numbers"
    order = ", ascending" if ascending else ""
    return None if good else f"{name!r} must be a list of {count} {kind} from {least:g} to {most:g}{order}"


def _weights_problem(value: dict[Any, Any]) -> str | None:
    keys = sorted(str(key) for key in value if type(key) in (int, str))
    if keys == ["0", "1"] and len(value) == 2 and all(_within(weight, 1e-6, 1e6) for weight in value.values()):
        return None
    return "'class_weight' must be 'balanced', null or {0: weight, 1: weight} with weights from 1e-06 to 1e+06"


def _plain(name: str, value: Any) -> Any:
    """A copy that equals itself after a round through JSON."""
    if type(value) is dict:
        return {str(key): value[key] for key in sorted(value, key=str)}
    return list(value) if type(value) is list else value


def _combination_problems(steps: Steps) -> list[str]:
    """Parameters that are well alone and that scikit-learn refuses together, at the fit."""
    problems = []
    for number, step in enumerate(steps, 1):
        [(path, parameters)] = step.items()
        wrong = _combination_problem(path.rpartition(".")[2], parameters)
        problems += [f"{_name(number, path)}: {wrong}"] if wrong else []
    return problems


def _combination_problem(kind: str, parameters: dict[str, Any]) -> str | None:
    share, solver = parameters.get("l1_ratio", 0), parameters.get("solver")
    if kind == "LogisticRegression" and share > 0 and solver != "saga" and not (solver == "liblinear" and share == 1):
        return "an l1_ratio above 0 needs solver 'saga' (or 'liblinear' with an l1_ratio of 1)"
    if kind == "LinearSVC" and parameters.get("penalty") == "l1" and parameters.get("loss") == "hinge":
        return "penalty 'l1' needs loss 'squared_hinge'"
    if kind == "LinearDiscriminantAnalysis" and parameters.get("shrinkage") is not None and solver in (None, "svd"):
        return "shrinkage needs solver 'lsqr' or 'eigen'"
    return None


def _sklearn_problems(steps: Steps) -> list[str]:
    """What scikit-learn's own constraints say; imports the classes, all of them from the catalogue."""
    from nightshift.pipelines.make import constraint_problem

    problems = []
    for number, step in enumerate(steps, 1):
        [(path, parameters)] = step.items()
        wrong = (constraint_problem(path, name, value) for name, value in parameters.items())
        problems += [f"{_name(number, path)}: {what}" for what in wrong if what]
    return problems
