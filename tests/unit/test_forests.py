"""Forests stored as long arrays: the same numbers as scikit-learn's, and nothing that is not a tree is believed."""

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier

from nightshift.forests import PackedExtraTrees, PackedHistGradientBoosting, PackedRandomForest
from nightshift.model import trusted_types

_FOREST = {"n_estimators": 30, "min_samples_leaf": 3, "max_features": 0.3, "random_state": 5}
_BOOSTING = {"max_iter": 20, "early_stopping": False, "random_state": 5}
KINDS = [
    pytest.param(PackedExtraTrees, ExtraTreesClassifier, _FOREST, id="extra_trees"),
    pytest.param(PackedRandomForest, RandomForestClassifier, _FOREST, id="random_forest"),
    pytest.param(PackedHistGradientBoosting, HistGradientBoostingClassifier, _BOOSTING, id="hist_gradient_boosting"),
]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 12))
    x[rng.random(x.shape) < 0.1] = np.nan
    return x, (np.nan_to_num(x[:, 0]) + rng.normal(size=200) > 0).astype(int)


def _through_skops(model):
    return skops.io.loads(skops.io.dumps(model), trusted=trusted_types())


@pytest.mark.parametrize(("packed", "plain", "options"), KINDS)
def test_predicts_as_scikit_learn_to_the_last_bit_stored_or_not(packed, plain, options, data):
    x, y = data
    expected = plain(**options).fit(x, y).predict_proba(x)
    fitted = packed(**options).fit(x, y)
    np.testing.assert_array_equal(fitted.predict_proba(x), expected)
    np.testing.assert_array_equal(_through_skops(fitted).predict_proba(x), expected)


@pytest.mark.parametrize(("packed", "plain", "options"), KINDS[:2])
def test_a_forest_that_comes_back_lacks_nothing(packed, plain, options, data):
    fitted = packed(**options).fit(*data)
    back = _through_skops(fitted)
    assert vars(back).keys() == vars(fitted).keys()
    for tree, other in zip(fitted.estimators_, back.estimators_, strict=True):
        assert vars(tree).keys() == vars(other).keys()
        assert tree.get_params() == other.get_params()
        assert tree.max_features_ == other.max_features_
    np.testing.assert_array_equal(back.feature_importances_, fitted.feature_importances_)
    assert packed(**options).__getstate__().keys() == plain(**options).__getstate__().keys() - {"_sklearn_version"}


def test_boosted_trees_that_come_back_know_where_their_columns_are_cut(data):
    x, y = np.column_stack([data[0], np.arange(200) % 2]), data[1]
    fitted = PackedHistGradientBoosting(**_BOOSTING).fit(x, y)
    back, cuts = _through_skops(fitted), fitted._bin_mapper.bin_thresholds_
    for one, other in zip(back._bin_mapper.bin_thresholds_, cuts, strict=True):
        np.testing.assert_array_equal(one, other)
    assert vars(back).keys() == vars(fitted).keys()
    np.testing.assert_array_equal(back._bin_mapper.transform(x), fitted._bin_mapper.transform(x))


def test_cuts_that_do_not_fit_the_columns_are_refused(data):
    state = PackedHistGradientBoosting(**_BOOSTING).fit(*data).__getstate__()
    state["packed_trees"]["cuts_each"] = state["packed_trees"]["cuts_each"][:-1]
    with pytest.raises(ValueError, match="columns and cuts"):
        PackedHistGradientBoosting().__setstate__(state)


def test_boosted_trees_of_older_model_files_are_read(data):
    fitted = PackedHistGradientBoosting(**_BOOSTING).fit(*data)
    state = fitted.__getstate__()
    del state["packed_trees"]["cuts"], state["packed_trees"]["cuts_each"]
    older = PackedHistGradientBoosting()
    older.__setstate__(state | {"_bin_mapper": fitted._bin_mapper})
    np.testing.assert_array_equal(older.predict_proba(data[0]), fitted.predict_proba(data[0]))
    np.testing.assert_array_equal(_through_skops(older).predict_proba(data[0]), fitted.predict_proba(data[0]))


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("left_child", 10**6, "link to no node"),
        ("right_child", 0, "link to no node"),  # a circle
        ("feature", 12, "split on no column"),
        ("feature", -3, "split on no column"),
    ],
)
def test_a_forest_with_links_that_lead_nowhere_is_refused(field, value, told, data):
    state = PackedExtraTrees(**_FOREST).fit(*data).__getstate__()
    inner = np.flatnonzero(state["packed_trees"]["nodes"]["left_child"] >= 0)[0]
    state["packed_trees"]["nodes"][field][inner] = value
    with pytest.raises(ValueError, match=told):
        PackedExtraTrees().__setstate__(state)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("left", 10**6, "link to no node"),
        ("right", 0, "link to no node"),
        ("feature_idx", 12, "split on no column"),
        ("feature_idx", -1, "split on no column"),
        ("is_categorical", 1, "split on no column"),
    ],
)
def test_boosting_with_links_that_lead_nowhere_is_refused(field, value, told, data):
    state = PackedHistGradientBoosting(**_BOOSTING).fit(*data).__getstate__()
    inner = np.flatnonzero(state["packed_trees"]["nodes"]["is_leaf"] == 0)[0]
    state["packed_trees"]["nodes"][field][inner] = value
    with pytest.raises(ValueError, match=told):
        PackedHistGradientBoosting().__setstate__(state)


@pytest.mark.parametrize(("packed", "plain", "options"), KINDS)
def test_trees_that_do_not_fill_their_nodes_are_refused(packed, plain, options, data):
    state = packed(**options).fit(*data).__getstate__()
    state["packed_trees"]["counts"] = state["packed_trees"]["counts"] + 1
    with pytest.raises(ValueError, match="do not fit together"):
        packed().__setstate__(state)
