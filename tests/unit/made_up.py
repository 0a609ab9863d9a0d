"""A made-up night, as files: what a report reads, without anything computed."""

from pathlib import Path

import numpy as np

from nightshift.config import Config, parse_config
from nightshift.files import write_json
from nightshift.names import name_of
from nightshift.report.holdout import holdout_curves

HOSTILE = "<script>alert('x')</script>&\"' {{ 7 * 7 }}"


def a_config(experiments: int = 24) -> Config:
    data = {"cases": "crm/deals.csv", "transcripts": "crm/calls", "id": "deal", "target": "won", "group": "account"}
    return parse_config({"data": data, "search": {"experiments": experiments}})


def make_night(root: Path, n: int = 8, hypothesis: str = "Words of the customer at the end of calls help.") -> Path:
    """A finished night of `n` experiments: every fourth is kept, exp-0002 crashed; all that a verdict leaves."""
    champion = None
    best = 0.6
    for number in range(n):
        name = name_of(number)
        crash = number == 2
        keep = number % 4 == 0 and not crash
        auc = 0.6 if number == 0 else best + (0.004 if keep else -0.006)
        champion, before = (name, best) if keep else (champion, best)
        best = auc if keep else best
        metrics = {"author": "baseline" if number == 0 else ("human" if number == 4 else "search")}
        metrics |= {"status": "crash" if crash else "keep" if keep else "discard", "cv_auc": None if crash else auc}
        metrics |= {
            "cv_se": 0.02,
            "delta": None if crash or number == 0 else auc - before,
            "z": 0.4,
            "n_bases": 1 + number % 5,
        }
        metrics |= {"stack": "logistic", "seconds": 3.5, "champion": champion, "weights": {"words": 0.7, "table": 0.3}}
        metrics |= {
            "reason": "base words: RuntimeError: <b>no words</b>" if crash else "better",
            **({"tail": "Traceback (most recent call last):\n  RuntimeError: <b>no words</b>"} if crash else {}),
            "base_auc": {"words": 0.6},
        }
        folder = root / "results/experiments" / name
        write_json(folder / "metrics.json", metrics)
        write_json(folder / "plan.json", _plan(number))
        write_json(root / f"results/history/{name}.json", {"experiment": _experiment(name, number, hypothesis)})
    _around(root, champion)
    return root


def _experiment(name: str, number: int, hypothesis: str) -> dict:
    return {
        "id": name,
        "parent": name_of(number // 2) if number else None,
        "author": "search",
        "hypothesis": f"{hypothesis} Number {number}.",
        "views": {"table": {"kind": "table"}, "words": {"kind": "words"}},
        "bases": {
            "words": {"views": ["words"], "learner": {"kind": "logistic"}},
            "table": {"views": ["table"], "learner": {"kind": "xgboost"}},
        },
        "stack": {"method": "logistic"},
    }


def _plan(number: int) -> dict:
    return {"views": {"table": "results/views/t.arrow"}, "bases": {"words": f"results/bases/{number // 3}"}}


def _around(root: Path, champion: str) -> None:
    """Card, noise, benchmarks, verdict with its curves and ladder, diagnosis."""
    card = {"counts": {"cases": 500, "turns": 9000, "turns_without_text": 0}, "development": 400, "holdout": 100}
    card |= {"warnings": [f"column {HOSTILE} alone gives AUC 0.97"], "base_rate": 0.4, "scheme": "grouped"}
    write_json(root / "results/data/card.json", card)
    write_json(root / "results/noise/noise.json", {"cv_auc": [0.6, 0.592, 0.605, 0.597], "sd": 0.005})
    write_json(root / "results/night.json", {"head": "0123456789abcdef0123456789abcdef01234567"})
    benchmark = root / "results/benchmarks/bases/a.tsv"
    benchmark.parent.mkdir(parents=True)
    benchmark.write_text("s\th:m:s\tcpu_time\n90.5\t0:01:30\tNA\n")
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 100)
    logits = {side: y * gain + rng.normal(size=100) for side, gain in (("champion", 1.0), ("baseline", 0.6))}
    write_json(root / "results/verdict/curves.json", holdout_curves(y, np.arange(100) // 2, logits))
    write_json(root / "results/verdict.json", _verdict(champion))
    write_json(root / "results/diagnosis.json", _diagnosis(champion))


def _verdict(champion: str) -> dict:
    sides = {
        side: {"experiment": name, "holdout_auc": auc, "ci_low": auc - 0.1, "ci_high": auc + 0.1, "cv_auc": auc}
        for side, name, auc in (("champion", champion, 0.75), ("baseline", name_of(0), 0.7))
    }
    rungs = [
        {
            "rung": rung,
            "what": rung,
            "experiment": "x",
            "cv_auc": 0.6,
            "holdout_auc": 0.65,
            "ci_low": 0.55,
            "ci_high": 0.75,
        }
        for rung in ("table", "everything", "stacked", "champion")
    ]
    for rung in rungs[1:]:
        rung |= {"cv_step": 0.01, "cv_step_se": 0.01, "holdout_step": 0.02, "holdout_step_se": 0.02}
    return {
        **sides,
        "delta": 0.05,
        "delta_low": -0.01,
        "delta_high": 0.11,
        "n_holdout": 100,
        "n_positive": 40,
        "openings": 1,
        "confirmatory": True,
        "sentence": "There is signal: the champion reaches AUC 0.750.",
        "ladder": rungs,
    }


def _diagnosis(champion: str) -> dict:
    fall = {"drop": 0.02, "se": 0.01, "low": 0.0, "high": 0.04}
    row = {"cases": 80, "observed": 0.4, "predicted": 0.45, "auc": 0.6, "low": 0.5, "high": 0.7}
    return {
        "champion": champion,
        "cv_auc": 0.62,
        "importance": {
            "sources": [{"name": "what is said in the calls", **fall}],
            "views": [{"name": "words", **fall}],
            "columns": [{"name": HOSTILE, "view": "table", **fall}],
        },
        "words": [
            {"base": "words", "view": "words", "up": [{"term": HOSTILE, "push": 0.3, "cases": 9}], "down": []},
        ],
        "slices": {"rows": [{"column": HOSTILE, "value": "a", **row}], "left_out": 3},
    }
