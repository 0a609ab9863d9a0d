"""Learner `pipeline`: what is not allowed is refused in words, before anything is imported."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.errors import InputError
from nightshift.experiment import read_experiment
from nightshift.learners import LEARNERS
from nightshift.pipelines import make
from nightshift.pipelines.catalogue import CATALOGUE

Pipeline = LEARNERS["pipeline"]
LOGISTIC = {"sklearn.linear_model.LogisticRegression": {}}
SCALER = {"sklearn.preprocessing.StandardScaler": {}}
SVC = "sklearn.svm.SVC"
SELECT = "sklearn.feature_selection.SelectKBest"

# What must not get through. Each: steps, and what the message says.
ATTACKS = {
    "os.system": ([{"os.system": {"command": "true"}}], "'os.system' is not among the allowed classes"),
    "eval": ([{"builtins.eval": {}}], "'builtins.eval' is not among"),
    "popen": ([{"subprocess.Popen": {"args": ["true"]}}], "'subprocess.Popen' is not among"),
    "module never imported": ([{"antigravity.Flight": {}}], "'antigravity.Flight' is not among"),
    "sklearn function": ([{"sklearn.utils.all_estimators": {}}], "is not among"),
    "function transformer": (
        [{"sklearn.preprocessing.FunctionTransformer": {"func": "os.system"}}, LOGISTIC],
        "is not among",
    ),
    "private path": ([{"sklearn.linear_model._logistic.LogisticRegression": {}}], "did you mean 'sklearn.linear_model"),
    "bare name": ([{"LogisticRegression": {}}], "did you mean 'sklearn.linear_model.LogisticRegression'?"),
    "dunder": ([{"sklearn.svm.SVC.__class__": {}}], "is not among"),
    "dunder before": ([{"sklearn.__init__.svm.SVC": {}}], "is not among"),
    "space": ([{"sklearn.svm.SVC ": {}}], "'sklearn.svm.SVC ' is not among"),
    "newline": ([{"sklearn.svm.SVC\n": {}}], "is not among"),
    "null byte": ([{"sklearn.svm.SVC\0": {}}], "is not among"),
    "double dot": ([{"sklearn..svm.SVC": {}}], "is not among"),
    "lookalike letter": ([{"ѕklearn.svm.SVC": {}}], "is not among"),
    "full width": ([{"sklearn.svm.ＳＶＣ": {}}], "is not among"),
    "combining": ([{"sklearn.svm.SVC\u0301": {}}], "is not among"),
    "case": ([{"sklearn.svm.svc": {}}], "did you mean 'sklearn.svm.SVC'?"),
    "slashes": ([{"sklearn/svm/SVC": {}}], "is not among"),
    "endless": ([{"a" * 10**6: {}}], "is not among"),
    "number as key": ([{3: {}}], "3 is not among"),
    "tuple as key": ([{("sklearn.svm", "SVC"): {}}], "a tuple is not among"),
    "null as key": ([{None: {}}], "None is not among"),
    "class as key": ([{np.ndarray: {}}], "a type is not among"),
    "two keys": ([{SVC: {}, "os.system": {}}], "exactly one class path"),
    "no key": ([{}], "exactly one class path"),
    "no mapping": ([SVC], "exactly one class path"),
    "parameters as list": ([{SVC: ["C", 1]}], "a mapping of names to values, not a list"),
    "parameters as text": ([{SVC: "C=1"}], "a mapping of names to values"),
    "meta": ([{"sklearn.ensemble.BaggingClassifier": {"estimator": {SVC: {}}}}], "is not among"),
    "calibrated": ([{"sklearn.calibration.CalibratedClassifierCV": {"n_jobs": -1}}], "is not among"),
    "grid": ([{"sklearn.model_selection.GridSearchCV": {}}], "is not among"),
    "estimator as parameter": ([{"sklearn.ensemble.AdaBoostClassifier": {"estimator": SVC}}], "unknown parameter"),
    "callable": ([{SVC: {"kernel": len}}], "not a builtin_function_or_method"),
    "lambda": ([{"sklearn.neighbors.KNeighborsClassifier": {"metric": lambda a, b: 0}}], "not a function"),
    "score function": ([{SELECT: {"score_func": "os.system"}}, LOGISTIC], "'score_func' must be 'f_classif'"),
    "score number": ([{SELECT: {"score_func": 3}}, LOGISTIC], "'score_func' cannot be 3"),
    "bytes": ([{SVC: {"C": b"\x80\x04."}}], "not a bytes"),
    "object": ([{SVC: {"C": np.float64(1)}}], "not a float64"),
    "array": ([{SVC: {"C": np.ones(3)}}], "not a ndarray"),
    "nested mapping": ([{SVC: {"C": {"a": {"b": 1}}}}], "'C' takes no mapping"),
    "nested weights": ([{SVC: {"class_weight": {0: {"x": 1}, 1: 1}}}], "'class_weight' must be"),
    "other classes": ([{SVC: {"class_weight": {0: 1, 2: 1}}}], "'class_weight' must be"),
    "same class twice": ([{SVC: {"class_weight": {0: 1, "0": 1}}}], "'class_weight' must be"),
    "nested list": ([{"sklearn.neural_network.MLPClassifier": {"hidden_layer_sizes": [[8]]}}], "a list of 1 to 4"),
    "huge layers": ([{"sklearn.neural_network.MLPClassifier": {"hidden_layer_sizes": [10**9]}}], "from 1 to 1000"),
    "list": ([{SVC: {"C": [1, 2]}}], "'C' takes no list"),
    "nan": ([{SVC: {"C": float("nan")}}], "'C' must be from 1e-09 to 1e+06, not nan"),
    "inf": ([{SVC: {"C": float("inf")}}], "'C' must be from"),
    "nan as text": ([{SVC: {"C": ".nan"}}], "'C' must be"),
    "inf as text": ([{SVC: {"C": "inf"}}], "only finite numbers"),
    "many unknown": ([{SVC: {f"p{i}": 1 for i in range(9999)}}], "and 9993 more"),
    "whole number as text": ([{SVC: {"max_iter": "1e3"}}], "write 1000"),
    "small number as text": ([{SVC: {"tol": "1e-9"}}], "write 1.0e-09"),
    "number as text": ([{SVC: {"C": "1e-3"}}], "write 0.001"),
    "huge": ([{SVC: {"C": 10**5000}}], "not a huge number"),
    "unbounded": ([{SVC: {"coef0": 1e300}}], "'coef0' must be from"),
    "costly": ([{"sklearn.ensemble.RandomForestClassifier": {"n_estimators": 10**6}}], "from 1 to 5000"),
    "degree": ([{"sklearn.preprocessing.PolynomialFeatures": {"degree": 9}}, LOGISTIC], "from 1 to 3"),
    "endless svm": ([{SVC: {"max_iter": -1}}], "'max_iter' must be from 1"),
    "bool for number": ([{SVC: {"C": True}}], "'C' must be a number in the range"),
    "half": ([{"sklearn.tree.DecisionTreeClassifier": {"max_depth": 2.5}}], "'max_depth' must be a whole number"),
    "wrong word": ([{SVC: {"class_weight": "even"}}], "'class_weight' must be 'balanced' or"),
    "long word": ([{"sklearn.svm.LinearSVC": {"penalty": "l" * 10**5}}], "is no value of it"),
    "threads": ([{"sklearn.ensemble.RandomForestClassifier": {"n_jobs": -1}}], "'n_jobs' is not yours to set"),
    "seed": ([{SVC: {"random_state": 1}}], "'random_state' is not yours to set"),
    "precomputed": ([{SVC: {"kernel": "precomputed"}}], "'kernel' must be 'rbf'"),
    "typo": ([{"sklearn.svm.LinearSVC": {"max_itr": 5}}], "did you mean 'max_iter'?"),
    "nested name": ([{SVC: {"estimator__C": 5}}], "unknown parameter"),
    "dunder parameter": ([{SVC: {"__class__": 5}}], "unknown parameter"),
    "number as parameter": ([{SVC: {5: 5}}], "names of parameters are text"),
    "classifier first": ([LOGISTIC, LOGISTIC], "step 1 (LogisticRegression): a classifier can only be the last step"),
    "no classifier": ([SCALER], "step 1 (StandardScaler): the last step must be a classifier"),
    "too many": ([SCALER] * 8 + [LOGISTIC], "1 to 8 steps"),
    "none": ([], "1 to 8 steps"),
    "not a list": ({SVC: {}}, "1 to 8 steps"),
    "sparse into dense": ([{"sklearn.ensemble.RandomTreesEmbedding": {}}, SCALER, LOGISTIC], "dense columns only"),
    "l1 and lbfgs": ([{"sklearn.linear_model.LogisticRegression": {"l1_ratio": 1.0}}], "needs solver 'saga'"),
    "text where a number is compared": ([{"sklearn.linear_model.LogisticRegression": {"l1_ratio": "auto"}}], "must be"),
    "shrunken svd": (
        [{"sklearn.discriminant_analysis.LinearDiscriminantAnalysis": {"shrinkage": 0.1}}],
        "needs solver",
    ),
    "two problems": ([{SVC: {"C": -1, "kernel": "x"}}], "'kernel' must be"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_not_allowed_is_refused_in_words_and_imports_nothing(name):
    steps, said = ATTACKS[name]
    for path in CATALOGUE:
        make._allowed_class(path)
    before = set(sys.modules)
    with pytest.raises(ValueError) as error:
        Pipeline(steps=steps)
    assert set(sys.modules) == before
    message = error.value.errors(include_input=False)[0]["msg"]
    assert said in message and len(message) < 800
    assert "step" in message


def test_a_stranger_is_refused_before_his_neighbours_are_imported():
    """The check is on strings: an allowed class beside a forbidden one is not even imported."""
    code = (
        "import sys\nfrom nightshift.learners.pipeline import Pipeline\nassert 'sklearn.svm' not in sys.modules\n"
        "try:\n    Pipeline(steps=[{'os.system': {}}, {'sklearn.svm.SVC': {}}])\n"
        "except ValueError:\n    assert 'sklearn.svm' not in sys.modules and 'nightshift.pipelines.make' not in sys.modules\n"
        "else:\n    raise SystemExit('accepted')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


class Sly(str):
    """Equal to a name of the list, and somebody else when looked at again."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return hash(SVC)


def test_objects_that_pass_for_names_numbers_and_mappings_are_refused():
    class Mapping(dict):
        pass

    class Number(float):
        pass

    for steps in ([{Sly("os.system"): {}}], [Mapping({SVC: {}})], [{SVC: Mapping()}], [{SVC: {"C": Number(1)}}]):
        with pytest.raises(ValueError):
            Pipeline(steps=steps)


def test_models_made_past_the_validation_do_not_build():
    sly = Pipeline().model_copy(update={"steps": ({"os.system": {}},)})
    with pytest.raises(ValueError, match="not among the allowed classes"):
        sly.build(0)
    with pytest.raises(KeyError):
        make.make_pipeline([{"os.system": {}}], 0)


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['true']",
        "!!python/name:os.system",
        "{? !!python/name:os.system '' : {}}",
        "[{sklearn.svm.SVC: {kernel: !!python/name:os.system }}]",
        "[{sklearn.svm.SVC: {C: !!binary gASVLg==}}]",
        "[{sklearn.svm.SVC: {C: .nan}}]",
        "[{sklearn.svm.SVC: {C: 2026-01-01}}]",
        "[{sklearn.svm.SVC: !!set {C}}]",
        "&a [*a]",
    ],
)
def test_yaml_cannot_say_more_than_json(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "views: {t: {kind: table}}\nbases:\n  b:\n    views: [t]\n    learner:\n      kind: pipeline\n"
        f"      steps: {text}\n"
    )
    with pytest.raises(InputError, match=r"mine\.yaml"):
        read_experiment(path)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([0.5, 1, 2])
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=2), max_leaves=6
)


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_anything_either_builds_or_is_refused(data):
    """No value of a parameter raises anything but the refusal, and what is accepted builds."""
    path = data.draw(st.sampled_from(sorted(CATALOGUE)))
    named = st.sampled_from(CATALOGUE[path].names or ("none",)) | SCALARS
    step = {path: data.draw(st.dictionaries(named, ANYTHING, max_size=2) | ANYTHING)}
    try:
        learner = Pipeline(steps=[step] if CATALOGUE[path].classifier else [step, LOGISTIC])
    except ValueError:
        return
    assert learner.build(0).steps


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(ANYTHING)
def test_anything_in_place_of_steps_is_refused(steps):
    with pytest.raises(ValueError):
        Pipeline(steps=steps)
