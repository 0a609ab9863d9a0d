"""Learner `pipeline`: what is allowed works, repeats itself and can be stored; all else is refused unseen."""

import json
import warnings
from functools import cache

import numpy as np
import pytest
import skops.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from optuna.trial import FixedTrial
from samples import make_folds
from scipy.sparse import csr_array

from nightshift.experiment import effective_terms, parse_experiment
from nightshift.learners import LEARNERS
from nightshift.model import load_models, save_models, trusted_types
from nightshift.pipelines import make
from nightshift.pipelines.catalogue import BOUNDS, CATALOGUE, LISTS
from nightshift.pipelines.templates import TEMPLATES
from nightshift.train import FoldModel, Recipe, train_base
from nightshift.views import VIEWS

Pipeline = LEARNERS["pipeline"]
LOGISTIC = {"sklearn.linear_model.LogisticRegression": {}}
SCALER = {"sklearn.preprocessing.StandardScaler": {}}
SVC = "sklearn.svm.SVC"
SELECT = "sklearn.feature_selection.SelectKBest"
# Ill-posed tiny fits warn; what is asserted here is that they repeat themselves.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]

# Every class with defaults, and the parameters that make a class fit or hold something else.
MORE = [
    {SELECT: {"score_func": "chi2", "k": 4}},
    {SELECT: {"score_func": "mutual_info_classif", "k": 4}},
    {"sklearn.decomposition.PCA": {"n_components": 0.9, "whiten": True}},
    {"sklearn.preprocessing.PolynomialFeatures": {"degree": 3, "interaction_only": True}},
    {"sklearn.preprocessing.SplineTransformer": {"extrapolation": "continue", "knots": "quantile"}},
    {"sklearn.preprocessing.KBinsDiscretizer": {"n_bins": 3, "encode": "ordinal", "strategy": "uniform"}},
    {"sklearn.preprocessing.StandardScaler": {"with_mean": False}},
    {"sklearn.preprocessing.MinMaxScaler": {"feature_range": [-1, 1], "clip": True}},
    {"sklearn.kernel_approximation.Nystroem": {"kernel": "laplacian", "n_components": 20}},
    {"sklearn.decomposition.FactorAnalysis": {"n_components": 3, "rotation": "varimax"}},
    {"sklearn.linear_model.LogisticRegression": {"solver": "saga", "l1_ratio": 0.5, "class_weight": {0: 1, 1: 2.5}}},
    {"sklearn.linear_model.LogisticRegression": {"solver": "liblinear", "l1_ratio": 1}},
    {"sklearn.linear_model.SGDClassifier": {"loss": "log_loss", "average": True, "early_stopping": True}},
    {"sklearn.linear_model.SGDClassifier": {"loss": "modified_huber", "penalty": "elasticnet"}},
    {"sklearn.svm.LinearSVC": {"penalty": "l1", "class_weight": "balanced"}},
    {SVC: {"kernel": "poly", "degree": 2, "gamma": 0.1}},
    {"sklearn.neural_network.MLPClassifier": {"hidden_layer_sizes": [6, 4], "solver": "sgd", "max_iter": 20}},
    {"sklearn.neural_network.MLPClassifier": {"hidden_layer_sizes": [5], "solver": "lbfgs", "max_iter": 20}},
    {"sklearn.neural_network.MLPClassifier": {"hidden_layer_sizes": [5], "early_stopping": True, "max_iter": 20}},
    {"sklearn.ensemble.GradientBoostingClassifier": {"loss": "exponential", "n_estimators": 5, "n_iter_no_change": 2}},
    {"sklearn.ensemble.RandomForestClassifier": {"n_estimators": 5, "criterion": "entropy", "max_samples": 0.5}},
    {"sklearn.neighbors.KNeighborsClassifier": {"metric": "cosine", "weights": "distance"}},
    {"sklearn.neighbors.KNeighborsClassifier": {"metric": "minkowski", "p": 3}},
    {"sklearn.neighbors.NearestCentroid": {"shrink_threshold": 0.3}},
    {"sklearn.discriminant_analysis.LinearDiscriminantAnalysis": {"solver": "lsqr", "shrinkage": "auto"}},
]
FEW = {"n_components": 4, "n_estimators": 10, "hidden_layer_sizes": [8]}


def plain(path):
    return {path: {name: FEW[name] for name in FEW if name in CATALOGUE[path].names}}


def whole(step):
    [path] = step
    return [step] if CATALOGUE[path].classifier else [step, LOGISTIC]


def label(steps):
    return json.dumps(steps).replace("sklearn.", "")[:70]


ALL = [whole(step) for step in [*map(plain, CATALOGUE), *MORE]]


@cache
def data():
    """Counts with many zeros (70, 8), without a pair of equal rows, and a target."""
    rng = np.random.default_rng(0)
    x = np.abs(rng.normal(size=(70, 8)))
    x[x < 0.5] = 0
    return x, (x[:, 0] + rng.normal(size=70) > 0.8).astype(int)


class Given:
    """Stands in for the encoder: the blocks are the matrix."""

    def fit(self, blocks, y=None):
        return self

    def transform(self, blocks):
        return blocks


def fitted(steps, x, seed=0):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return FoldModel(Given(), [Pipeline(steps=steps).build(seed)]).fit(x, data()[1])


@cache
def fitted_once(number):
    return fitted(ALL[number], data()[0])


@pytest.mark.parametrize("number", range(len(ALL)), ids=map(label, ALL))
def test_every_allowed_class_fits_repeats_itself_and_is_stored(number):
    steps, (x, _) = ALL[number], data()
    inputs = [x, csr_array(x)] if Pipeline(steps=steps).sparse else [x]
    for matrix in inputs:
        model = fitted(steps, matrix)
        score = model.predict_logit(matrix)
        assert score.shape == (70,) and np.isfinite(score).all()
        np.testing.assert_array_equal(fitted(steps, matrix).predict_logit(matrix), score)
        stored = skops.io.dumps(model.classifiers)
        loaded = FoldModel(Given(), skops.io.loads(stored, trusted=trusted_types()))
        np.testing.assert_array_equal(loaded.predict_logit(matrix), score)


@pytest.mark.parametrize("number", range(len(ALL)), ids=map(label, ALL))
@settings(max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(
    st.integers(0, 69),
    st.lists(st.integers(0, 69), min_size=1, max_size=69, unique=True),
    st.floats(0, 1e3),
)
def test_a_case_is_scored_alone_as_in_any_company(number, case, others, size):
    """A case's score does not depend on which others are predicted with it, nor on how large they are."""
    model, x = fitted_once(number), data()[0]
    company = np.vstack([x[[case]], x[others] * size])
    np.testing.assert_allclose(model.predict_logit(company)[0], model.predict_logit(x[[case]])[0], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("path", CATALOGUE)
def test_the_catalogue_agrees_with_scikit_learn(path):
    entry, kind = CATALOGUE[path], make._allowed_class(path)
    known = set(kind._parameter_constraints)
    assert {*entry.names, *entry.preset} <= known
    assert not set(entry.names) & {"n_jobs", "random_state", "verbose", "copy", "estimator", "metric_params"}
    assert {*entry.bounds, *entry.choices} <= set(entry.names)
    assert entry.classifier == hasattr(kind, "predict") and (entry.classifier or hasattr(kind, "transform"))
    model = make.make_pipeline([{path: {}}], 7).steps[-1][1]
    assert model.get_params().get("random_state", 7) == 7
    assert model.get_params().get("n_jobs") in (None, 1)


def test_bounds_and_lists_are_of_parameters_that_exist():
    names = {name for entry in CATALOGUE.values() for name in entry.names}
    assert set(BOUNDS) <= names and set(LISTS) <= names


def experiment(steps, **fields):
    learner = {"kind": "pipeline", "steps": steps, **fields}
    content = {"views": {"w": {"kind": "words"}}, "bases": {"b": {"views": ["w"], "learner": learner}}}
    return parse_experiment(content, "mine.yaml")


@pytest.mark.parametrize("steps", ALL, ids=map(label, ALL))
def test_specifications_survive_json_and_the_schema_knows_them(steps):
    one = experiment(steps, scaled=False)
    again = parse_experiment(json.loads(json.dumps(one.model_dump(mode="json"))), "x")
    assert again == one and again.digest() == one.digest()
    assert not again.bases["b"].learner.scaled
    classes = Pipeline.model_json_schema()["properties"]["steps"]["items"]["properties"]
    for step in steps:
        [(path, parameters)] = step.items()
        assert set(parameters) <= set(classes[path]["properties"])


def test_null_and_no_parameters_are_one_experiment_and_parameters_are_not():
    assert experiment([{SVC: None}]).digest() == experiment([{SVC: {}}]).digest()
    assert experiment([{SVC: {"C": 2}}]).digest() != experiment([{SVC: {}}]).digest()
    assert experiment([{SVC: {}}], scaled=False).digest() != experiment([{SVC: {}}]).digest()


@pytest.mark.parametrize(
    ("steps", "sparse"),
    [
        ([LOGISTIC], True),
        ([SCALER, LOGISTIC], False),
        ([{"sklearn.preprocessing.StandardScaler": {"with_mean": False}}, LOGISTIC], True),
        ([{"sklearn.decomposition.TruncatedSVD": {"n_components": 5}}, SCALER, LOGISTIC], True),
        ([{"sklearn.ensemble.RandomForestClassifier": {}}], False),
        ([{SELECT: {}}, {"sklearn.ensemble.RandomForestClassifier": {}}], True),
        ([{SELECT: {}}, {"sklearn.naive_bayes.GaussianNB": {}}], False),
    ],
)
def test_whether_terms_come_sparse_follows_from_the_steps(steps, sparse):
    one = experiment(steps)
    base = one.bases["b"]
    assert base.learner.sparse is sparse and (base.learner.dense_up_to == 0) is sparse
    assert effective_terms(base, one.views).svd == (None if sparse else 50)


def test_too_many_products_are_refused_before_they_are_made():
    steps = [{"sklearn.preprocessing.PolynomialFeatures": {"degree": 3}}, LOGISTIC]
    model = Pipeline(steps=steps).build(0)
    with pytest.raises(ValueError, match=r"degree 3 makes 32,509 columns of 56.*SelectKBest"):
        model.fit(np.ones((10, 56)), np.arange(10) % 2)


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_what_the_search_draws_trains_on_every_view(template, raw, labels, tmp_path):
    low = {"k": 50, "C": 0.1, "alpha": 1.0, "gamma": 0.1, "shrinkage": 0.3, "n_knots": 4, "n_neighbors": 12}
    drawn = {f"p.{template}.{name}": value for name, value in low.items()}
    learner = Pipeline.suggest(FixedTrial({"p.template": template, **drawn}), "p.")
    blocks = {
        "t": VIEWS["table"]().featurize(raw),
        "w": VIEWS["words"](ngrams=1).featurize(raw),
        "d": VIEWS["dynamics"](speakers=("customer",)).featurize(raw),
    }
    for names in (["t"], ["w"], ["t", "w", "d"]):
        terms = {} if learner.sparse else {"svd": 50}
        chosen = {name: blocks[name] for name in names}
        trained = train_base(chosen, labels, make_folds(120, 2), Recipe(learner, terms))
        assert np.isfinite(trained.oof).all()
    save_models(tmp_path / "m.skops", trained.models)
    loaded = load_models(tmp_path / "m.skops")
    np.testing.assert_array_equal(loaded[0].predict_logit(chosen), trained.models[0].predict_logit(chosen))


SPARSE = [path for path in CATALOGUE if Pipeline(steps=whole(plain(path))).sparse]


@pytest.mark.parametrize("path", SPARSE)
def test_terms_as_the_encoder_gives_them_are_taken(path, raw, labels):
    learner = Pipeline(steps=whole(plain(path)))
    words = {"w": VIEWS["words"](ngrams=2).featurize(raw)}
    assert np.isfinite(train_base(words, labels, make_folds(120, 2), Recipe(learner)).oof).all()


def test_splines_from_a_file_go_through_scipys_checks():
    x = data()[0]
    splines = make.StorableSplines(n_knots=4).fit(x)
    state = splines.__getstate__()
    broken = [[t[::-1], c, k] for t, c, k in state["bsplines_"]]
    with pytest.raises(ValueError, match="non-decreasing"):
        make.StorableSplines().__setstate__({**state, "bsplines_": broken})


@pytest.mark.parametrize("extrapolation", ["constant", "linear", "continue"])
@pytest.mark.parametrize("knots", ["quantile", "uniform"])
def test_splines_of_a_column_of_one_value_come_back_from_a_file(knots, extrapolation, tmp_path):
    x = data()[0].copy()
    x[:, 0] = 3.0
    x[2:, 1] = 7.0  # nearly one value: all quantiles but the ends are the same
    splines = make.StorableSplines(n_knots=4, knots=knots, extrapolation=extrapolation).fit(x)
    save_models(tmp_path / "m.skops", [splines])
    (loaded,) = load_models(tmp_path / "m.skops")
    other = x + np.linspace(-1, 1, len(x))[:, None]
    np.testing.assert_array_equal(loaded.transform(other), splines.transform(other))


def test_splines_of_one_value_from_a_file_go_through_the_other_checks():
    splines = make.StorableSplines(n_knots=4, knots="quantile").fit(np.full((20, 1), 2.0))
    state = splines.__getstate__()
    ((t, c, k),) = state["bsplines_"]
    refused = {
        "Knots, coefficients": [t, c[:-1], k],
        "knots for degree": [t[: 2 * k + 1], c, k],
        "internal knots": [t * np.nan, c, k],
    }
    for reason, broken in refused.items():
        with pytest.raises(ValueError, match=reason):
            make.StorableSplines().__setstate__({**state, "bsplines_": [broken]})
