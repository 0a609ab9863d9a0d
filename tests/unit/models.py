"""Small models, trained and stacked in memory."""

from typing import Any

import numpy as np
from samples import make_folds

from nightshift.columns import prepared
from nightshift.crossfit import cross_fit
from nightshift.experiment import parse_experiment
from nightshift.levels import lowered
from nightshift.model import Model
from nightshift.nested import Node, nested
from nightshift.reference import Reference, make_reference
from nightshift.sandbox import cases_table, condition
from nightshift.train import Recipe, train_base
from nightshift.views import RawData

FOLDS, REPEATS = 4, 2

# Bases of both levels and a segment over all views, under a stack of stacks.
RICH = {
    "views": {
        "t": {"kind": "table"},
        "w": {"kind": "words", "ngrams": 1},
        "c": {"kind": "chars", "part": "last", "longest": 3},
        "d": {"kind": "dynamics", "speakers": ["customer"]},
    },
    "bases": {
        "x": {"views": ["t", "d"], "learner": {"kind": "xgboost", "n_estimators": 20}},
        "l": {"views": ["w"], "learner": {"kind": "nb_logistic"}},
        "e": {"views": ["c", "t"], "learner": {"kind": "extra_trees", "n_estimators": 9}, "terms": {"svd": 4}},
        "s": {"views": ["t"], "learner": {"kind": "ridge"}, "segment": "vip", "seeds": 2},
        "second": {"bases": ["x", "l", "s"], "views": ["d"], "learner": {"kind": "logistic", "c": 0.1}},
    },
    "stack": {
        "method": "stacks",
        "members": [{"method": "xgboost", "passthrough": ["t"]}, {"method": "greedy"}],
    },
}


def assemble(experiment: dict[str, Any], raw: RawData, labels: np.ndarray) -> Model:
    """Train an experiment on all cases, four folds and two repeats."""
    return _assemble(experiment, raw, labels)[0]


def assemble_with_reference(experiment: dict[str, Any], raw: RawData, labels: np.ndarray) -> tuple[Model, Reference]:
    """The same, and what the model remembers of its cases."""
    model, scores, folds = _assemble(experiment, raw, labels)
    return model, make_reference(model, model.featurize(raw), raw, scores, folds)


def _assemble(content: dict[str, Any], raw: RawData, labels: np.ndarray):
    experiment = lowered(parse_experiment(content, "test"))
    folds = make_folds(len(labels), FOLDS, repeats=REPEATS)
    blocks = prepared({name: view.featurize(raw) for name, view in experiment.views.items()})
    trained, nodes = {}, {}
    for name in experiment.in_order():
        base = experiment.bases[name]
        below = np.stack([trained[other].oof for other in base.bases], axis=1) if base.bases else None
        within = condition(base.segment, cases_table(raw)) if base.segment else None
        recipe = Recipe(base.learner, base.terms.model_dump(), 0, base.seeds)
        own = {view: blocks[view] for view in base.views}
        nodes[name] = Node(own, recipe, within, tuple(nodes[other] for other in base.bases))
        apart = nested(list(nodes[name].below), labels, folds) if base.bases and base.views else None
        trained[name] = train_base(own, labels, folds, recipe, below, within, apart)
    over = experiment.stack.over
    fitted = cross_fit(experiment.stack, np.stack([trained[name].oof for name in over], axis=1), labels, folds, 0)
    stacked = {
        "over": list(over),
        "base_lines": fitted.base_lines.tolist(),
        "stack": fitted.stack.to_json(),
        "line": fitted.line.tolist(),
    }
    keys = {name: list(base.views) for name, base in experiment.bases.items()}
    models = {name: base.models for name, base in trained.items()}
    return Model(experiment, models, stacked, {"view_keys": keys}), fitted.scores, folds
