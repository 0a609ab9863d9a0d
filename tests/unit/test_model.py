"""Models on disk: what is loaded, and what is refused."""

import numpy as np
import pytest
import skops.io
from samples import make_folds
from sklearn.linear_model import LogisticRegression

from nightshift.crossfit import cross_fit
from nightshift.experiment import parse_experiment
from nightshift.learners import LEARNERS
from nightshift.levels import lowered
from nightshift.model import Model, load_models, save_models
from nightshift.sandbox import cases_table, condition
from nightshift.train import Recipe, train_base
from nightshift.views import RawData


@pytest.fixture(scope="module")
def model(raw, labels):
    """Bases of both levels and a segment over all views, stacked; assembled in memory."""
    experiment = lowered(
        parse_experiment(
            {
                "views": {
                    "t": {"kind": "table"},
                    "w": {"kind": "words", "ngrams": 1},
                    "c": {"kind": "chars", "part": "last", "longest": 3},
                    "d": {"kind": "dynamics", "speakers": ["customer"]},
                },
                "bases": {
                    "x": {"views": ["t", "d"], "learner": {"kind": "xgboost", "n_estimators": 20}},
                    "l": {"views": ["w"], "learner": {"kind": "nb_logistic"}},
                    "e": {
                        "views": ["c", "t"],
                        "learner": {"kind": "extra_trees", "n_estimators": 9},
                        "terms": {"svd": 4},
                    },
                    "s": {"views": ["t"], "learner": {"kind": "ridge"}, "segment": "vip", "seeds": 2},
                    "second": {"bases": ["x", "l", "s"], "views": ["d"], "learner": {"kind": "logistic", "c": 0.1}},
                },
                "stack": {
                    "method": "stacks",
                    "members": [{"method": "xgboost", "passthrough": ["t"]}, {"method": "greedy"}],
                },
            },
            "test",
        )
    )
    folds = make_folds(120, 3, repeats=2)
    blocks = {name: view.featurize(raw) for name, view in experiment.views.items()}
    trained = {}
    for name in experiment.in_order():
        base = experiment.bases[name]
        below = np.stack([trained[other].oof for other in base.bases], axis=1) if base.bases else None
        within = condition(base.segment, cases_table(raw)) if base.segment else None
        recipe = Recipe(base.learner, base.terms.model_dump(), 0, base.seeds)
        own = {view: blocks[view] for view in base.views}
        trained[name] = train_base(own, labels, folds, recipe, below, within)
    over = experiment.stack.over
    fitted = cross_fit(experiment.stack, np.stack([trained[name].oof for name in over], axis=1), labels, folds, 0)
    stacked = {
        "over": list(over),
        "base_lines": fitted.base_lines.tolist(),
        "stack": fitted.stack.to_json(),
        "line": fitted.line.tolist(),
    }
    keys = {name: list(base.views) for name, base in experiment.bases.items()}
    return Model(experiment, {name: base.models for name, base in trained.items()}, stacked, {"view_keys": keys})


def test_models_on_disk_predict_the_same(model, raw, tmp_path):
    loaded = {}
    for name, models in model.bases.items():
        save_models(tmp_path / f"{name}.skops", models)
        loaded[name] = load_models(tmp_path / f"{name}.skops")
    again = Model(model.experiment, loaded, model.stacked, model.about)
    np.testing.assert_array_equal(again.predict_logit(raw), model.predict_logit(raw))


def test_a_case_is_predicted_alone_as_in_company(model, raw):
    together = model.predict_logit(raw)
    for row in (0, 7, 50):
        cases = raw.cases.iloc[[row]].reset_index(drop=True)
        turns = raw.turns[raw.turns["case_id"] == cases["case_id"][0]].reset_index(drop=True)
        alone = model.predict_logit(RawData(cases, turns, raw.kinds))
        assert alone[0] == pytest.approx(together[row], rel=1e-5, abs=1e-6)


def test_the_model_ranks_its_own_cases_well(model, raw, labels):
    logits = model.predict_logit(raw)
    assert logits[labels == 1].mean() > logits[labels == 0].mean() + 0.5


def test_a_file_with_another_type_is_refused_not_loaded(tmp_path):
    class Payload(LogisticRegression):
        pass

    Payload.__module__ = "somewhere.else"
    path = tmp_path / "models.skops"
    path.write_bytes(skops.io.dumps([Payload()]))
    with pytest.raises(Exception, match=r"(?i)untrusted|somewhere"):
        load_models(path)


def test_a_pickle_is_refused(tmp_path):
    import pickle

    (tmp_path / "models.skops").write_bytes(pickle.dumps([LEARNERS["logistic"]().build(0)]))
    with pytest.raises(Exception, match="zip"):
        load_models(tmp_path / "models.skops")
