"""Reasons of predictions: contributions add up, go through the stack, and are said in words."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from models import RICH, assemble_with_reference
from scipy import sparse
from scipy.special import logit
from sklearn.exceptions import ConvergenceWarning

from nightshift.explain.layout import layout
from nightshift.explain.learners import contributions, slope
from nightshift.explain.reasons import Reasons
from nightshift.explain.through import Explainer
from nightshift.learners import LEARNERS
from nightshift.reference import encoders_of_words
from nightshift.train import logit_of

GROUPS = np.array([0, 0, 1, 2, 2])
LEARNERS_THAT_ADD_UP = {
    "logistic": {},
    "ridge": {},
    "linear_svc": {},
    "nb_logistic": {},
    "xgboost": {"n_estimators": 30},
    "lightgbm": {"n_estimators": 30},
    "catboost": {"iterations": 30},
    "extra_trees": {"n_estimators": 20},
    "random_forest": {"n_estimators": 20},
}


@pytest.fixture(scope="module")
def matrix():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 5))
    y = (x[:, 0] + 0.7 * x[:, 2] - 0.5 * x[:, 2] * x[:, 0] + rng.normal(size=300) > 0).astype(int)
    return x, y


def fitted(kind, matrix, **options):
    x, y = matrix
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LEARNERS[kind](**options).build(0).fit(x, y)


@pytest.mark.parametrize("kind", LEARNERS_THAT_ADD_UP)
def test_contributions_and_one_constant_add_up_to_the_logit(kind, matrix):
    classifier = fitted(kind, matrix, **LEARNERS_THAT_ADD_UP[kind])
    x = matrix[0]
    found = contributions(classifier, x, x.mean(axis=0), GROUPS, 3)
    rest = logit_of(classifier, x) - found.sum(axis=1)
    assert found.shape == (300, 3)
    np.testing.assert_allclose(rest, rest[0], atol=2e-4)
    assert np.abs(found[:, 2]).mean() < 0.5 * np.abs(found[:, 0]).mean(), "the last two columns say nothing"


@pytest.mark.parametrize("kind", ["mlp", "hist_gradient_boosting", "pipeline"])
def test_other_learners_are_asked_with_a_group_made_typical(kind, matrix):
    classifier = fitted(kind, matrix)
    x = matrix[0]
    mean = x.mean(axis=0)
    found = contributions(classifier, x, mean, GROUPS, 3)
    typical = x.copy()
    typical[:, [2]] = mean[2]
    np.testing.assert_allclose(found[:, 1], logit_of(classifier, x) - logit_of(classifier, typical))


def test_sparse_matrices_give_what_dense_ones_give(matrix):
    x = np.maximum(matrix[0], 0)
    mean = x.mean(axis=0)
    for kind in ("logistic", "nb_logistic", "lightgbm"):
        classifier = fitted(kind, (x, matrix[1]))
        dense = contributions(classifier, x, mean, GROUPS, 3)
        np.testing.assert_allclose(contributions(classifier, sparse.csr_array(x), mean, GROUPS, 3), dense, atol=1e-6)


def test_a_path_through_a_forest_is_stretched_to_the_logit(matrix):
    forest = fitted("random_forest", matrix, n_estimators=5)
    found = contributions(forest, matrix[0], matrix[0].mean(axis=0), GROUPS, 3)
    start = np.mean([tree.tree_.value[0, 0, 1] for tree in forest.estimators_])
    p = np.clip(forest.predict_proba(matrix[0])[:, 1], 1e-6, 1 - 1e-6)
    np.testing.assert_allclose(found.sum(axis=1), logit(p) - logit(start), atol=1e-3)


def test_slopes_are_bounded_and_silent_where_nothing_moved():
    found = slope(np.array([1.0, 1.0, 1.0, 0.2]), np.array([0.0, 0.01, np.nan, 0.4]), 2.0)
    np.testing.assert_allclose(found, [0, 2, 0, 0.5])


@pytest.fixture(scope="module")
def rich(raw, labels):
    return assemble_with_reference(RICH, raw, labels)


def test_every_column_of_a_matrix_has_one_source(rich, raw):
    model, _ = rich
    blocks = model.featurize(raw)
    fold = model.bases["x"][0]
    parts = layout(fold.encoder)
    width = fold.matrix(model.keyed("x", blocks)).shape[1]
    assert sorted(np.concatenate([part.positions for part in parts]).tolist()) == list(range(width))
    (industry,) = [part for part in parts if part.column == "industry"]
    told = fold.matrix(model.keyed("x", blocks))[:, industry.positions]
    one_of_each = [raw.cases["industry"].fillna("").to_numpy() == kind for kind in ["a", "b", "c", ""]]
    np.testing.assert_array_equal(told, np.column_stack(one_of_each))


def test_indicators_of_missing_values_belong_to_their_column(rich, raw):
    model, _ = rich
    fold, blocks = model.bases["s"][0], model.featurize(raw)
    (size,) = [part for part in layout(fold.encoder) if part.column == "size"]
    number, missing = fold.matrix(model.keyed("s", blocks))[:, size.positions].T
    gone = raw.cases["size"].isna().to_numpy()
    assert len(np.unique(number[gone])) == 1 and len(np.unique(number)) > 9
    np.testing.assert_array_equal(missing > 0, gone)


def test_explaining_predicts_exactly_what_predicting_does(rich, raw):
    model, reference = rich
    logits, pushes = Explainer(model, reference).predict(model.featurize(raw), raw)
    np.testing.assert_array_equal(logits, model.predict_logit(raw))
    assert pushes.values.shape == (len(raw.cases), len(pushes.sources)) and np.isfinite(pushes.values).all()
    assert {source.view for source in pushes.sources} == {"t", "w", "c", "d"}


LINEAR = {
    "views": {"t": {"kind": "table"}, "w": {"kind": "words", "speakers": ["customer"], "ngrams": 1}},
    "bases": {
        "t": {"views": ["t"], "learner": {"kind": "logistic"}},
        "w": {"views": ["w"], "learner": {"kind": "logistic"}},
        "both": {"bases": ["t", "w"], "learner": {"kind": "logistic"}},
    },
    "stack": {"method": "logistic"},
}


@pytest.mark.parametrize("method", ["logistic", "nonnegative", "greedy"])
def test_a_stack_that_is_linear_all_through_is_explained_exactly(raw, labels, method):
    model, reference = assemble_with_reference(LINEAR | {"stack": {"method": method}}, raw, labels)
    logits, pushes = Explainer(model, reference).predict(model.featurize(raw), raw)
    rest = logits - pushes.values.sum(axis=1)
    assert np.ptp(logits) > 1
    np.testing.assert_allclose(rest, rest.mean(), atol=1e-5)


def test_a_stack_of_ranks_is_explained_nearly(raw, labels):
    experiment = LINEAR | {"stack": {"method": "rank_mean"}}
    model, reference = assemble_with_reference(experiment, raw, labels)
    logits, pushes = Explainer(model, reference).predict(model.featurize(raw), raw)
    assert np.corrcoef(logits, pushes.values.sum(axis=1))[0, 1] > 0.95


def test_outside_its_segment_a_base_gives_no_reasons(raw, labels):
    experiment = {
        "views": {"t": {"kind": "table"}, "d": {"kind": "dynamics"}},
        "bases": {
            "t": {"views": ["t"], "learner": {"kind": "logistic"}, "segment": "vip"},
            "d": {"views": ["d"], "learner": {"kind": "logistic"}},
        },
    }
    model, reference = assemble_with_reference(experiment, raw, labels)
    _, pushes = Explainer(model, reference).predict(model.featurize(raw), raw)
    of_table = np.array([source.view == "t" for source in pushes.sources])
    inside = raw.cases["vip"].to_numpy() == 1
    assert (pushes.values[~inside][:, of_table] == 0).all()
    assert (np.abs(pushes.values[inside][:, of_table]).sum(axis=1) > 0).all()


def test_reasons_name_what_was_planted(raw, labels):
    model, reference = assemble_with_reference(LINEAR, raw, labels)
    blocks = model.featurize(raw)
    logits, pushes = Explainer(model, reference).predict(blocks, raw)
    told = Reasons(model, raw, blocks, reference.medians).strongest(pushes, logits, 3)
    texts = pd.Series([text for texts in told for text in texts])
    assert all(len(texts) <= 3 for texts in told)
    assert texts.str.match(r"[+-]\d+(\.\d)? points: ").all()
    large = int(raw.cases["size"].idxmax())
    assert any("size is 3.07" in text and "(usually" in text and text.startswith("+") for text in told[large]), told[
        large
    ]
    # Signal is in "happy"; who says nothing has no words as a reason, but the lack of a call.
    happy = [text for text in texts if "what is said" in text and text.startswith("+")]
    assert sum('"happy"' in text for text in happy) > len(happy) / 2
    silent = ~raw.cases["case_id"].isin(raw.turns["case_id"])
    assert not any("what is said" in text for case in np.flatnonzero(silent) for text in told[case])
    assert any("there is no call" in text for case in np.flatnonzero(silent) for text in told[case])


def test_parts_of_a_date_are_one_reason_and_small_ones_none(raw, labels):
    model, reference = assemble_with_reference(LINEAR, raw, labels)
    blocks = model.featurize(raw)
    logits, pushes = Explainer(model, reference).predict(blocks, raw)
    told = Reasons(model, raw, blocks, reference.medians).strongest(pushes, logits, 10)
    texts = [text for texts in told for text in texts]
    assert any("points: opened is 2025-" in text for text in texts)
    assert not any("opened_" in text or "+0.0 points" in text or "-0.0 points" in text for text in texts)


class Asked(dict):
    """Fold models of bases, and the bases that were asked for."""

    def __init__(self, bases):
        super().__init__(bases)
        self.names = []

    def __getitem__(self, name):
        self.names.append(name)
        return super().__getitem__(name)


def test_of_many_bases_over_a_view_one_is_read_for_the_words_that_it_knows(rich):
    model = replace(rich[0], bases=Asked(rich[0].bases))
    assert list(encoders_of_words(model)) == ["w"]
    assert model.bases.names == ["x", "l"]
