"""Encoding and training: nothing is fitted outside its fold."""

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import make_folds, make_raw
from scipy.sparse import csr_array
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import NMF
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from nightshift.columns import _MOST_CATEGORIES, _RARE, ColumnsEncoder, prepared
from nightshift.data.split import Folds
from nightshift.encode import BlocksEncoder, TermsEncoder, take, topics_of
from nightshift.learners import LEARNERS
from nightshift.model import load_models, save_models
from nightshift.train import Recipe, train_base
from nightshift.views import VIEWS, Columns, Terms


def blocks_of(raw):
    return {
        "table": VIEWS["table"]().featurize(raw),
        "words": VIEWS["words"](ngrams=1).featurize(raw),
        "dynamics": VIEWS["dynamics"](speakers=("customer", "agent")).featurize(raw),
    }


LEVEL_0 = sorted(set(LEARNERS) - {"blend"})


def recipe_of(kind, seeds=1):
    """A learner with its defaults; text reduced where it wants few dense columns, boosting short for speed."""
    short = {"xgboost": {"n_estimators": 30}, "catboost": {"iterations": 20}, "mlp": {"epochs": 5}}
    short["pipeline"] = {"steps": [{"sklearn.linear_model.LogisticRegression": {}}]}
    learner = LEARNERS[kind](**short.get(kind, {}))
    return Recipe(learner, {} if learner.sparse else {"svd": 5}, seeds=seeds)


@pytest.mark.parametrize("kind", LEVEL_0)
def test_every_learner_trains_on_all_views_and_repeats_itself(raw, labels, kind):
    one, again = (train_base(blocks_of(raw), labels, make_folds(120, 3, repeats=2), recipe_of(kind)) for _ in range(2))
    assert one.oof.shape == (120, 2) and len(one.models) == 6
    assert np.isfinite(one.oof).all()
    np.testing.assert_array_equal(one.oof, again.oof)


@pytest.mark.parametrize("kind", LEVEL_0)
def test_a_case_does_not_change_the_model_that_predicts_it(raw, labels, kind):
    """Replace one case's features: predictions of the other cases of its fold stay what they were."""
    folds = make_folds(120, 3)
    blocks = blocks_of(raw)
    before = train_base(blocks, labels, folds, recipe_of(kind)).oof[:, 0]
    frame = blocks["table"].frame.copy()
    frame.loc[0, "size"] = 1e6
    frame.loc[0, "industry"] = "never seen"
    dense = blocks["words"].counts.toarray()
    dense[0] = 50
    changed = {**blocks, "table": Columns(frame), "words": Terms(csr_array(dense), blocks["words"].names)}
    after = train_base(changed, labels, folds, recipe_of(kind)).oof[:, 0]
    same_fold = np.flatnonzero((folds.assignment[:, 0] == folds.assignment[0, 0]) & (np.arange(120) != 0))
    np.testing.assert_allclose(after[same_fold], before[same_fold], rtol=1e-5)


@pytest.mark.parametrize("kind", LEVEL_0)
@settings(deadline=None, max_examples=6, database=None)
@given(seed=st.integers(0, 10_000))
def test_a_case_is_predicted_alone_as_in_company(kind, seed):
    model, blocks = fitted_model(kind)
    rows = np.random.default_rng(seed).permutation(120)[: 1 + seed % 7]
    together = model.predict_logit(blocks)
    np.testing.assert_allclose(model.predict_logit(take(blocks, rows)), together[rows], rtol=1e-5, atol=1e-6)


@cache
def fitted_model(kind):
    raw, y = make_raw(), np.random.default_rng(0).integers(0, 2, 120)
    blocks = blocks_of(raw)
    recipe = recipe_of(kind)
    reduced = Recipe(recipe.learner, {"topics": 4} if recipe.terms else {})
    return reduced.model(None).fit(blocks, y), blocks


def test_predictions_that_are_not_numbers_are_an_error(raw, labels):
    class Broken:
        scaled, sparse, dense_up_to = True, True, 0

        def build(self, seed):
            from sklearn.dummy import DummyClassifier

            class NaN(DummyClassifier):
                def predict_proba(self, x):
                    return super().predict_proba(x) * np.nan

            return NaN()

    with pytest.raises(FloatingPointError, match="NaN"):
        train_base({"table": VIEWS["table"]().featurize(raw)}, labels, make_folds(120, 3), Recipe(Broken()))


def terms(matrix, names):
    return Terms(csr_array(np.array(matrix, dtype=np.float32)), np.array(names, dtype=object))


def test_terms_are_chosen_on_training_cases_and_matched_by_name():
    train = terms([[1, 2, 0], [1, 0, 0], [0, 3, 1]], ["a", "b", "c"])
    encoder = TermsEncoder(weighting="counts", min_cases=2).fit(train)
    assert encoder.names_ == ["a", "b"]
    new = terms([[4, 1, 9]], ["b", "z", "a"])
    np.testing.assert_allclose(encoder.transform(new).toarray(), [[1 + np.log(9), 1 + np.log(4)]])
    unknown = terms([[7]], ["z"])
    assert encoder.transform(unknown).toarray().tolist() == [[0, 0]]


def test_tfidf_rows_have_length_1_and_empty_rows_stay_empty():
    block = terms([[1, 2, 0], [0, 0, 0], [0, 3, 1], [1, 0, 1]], ["a", "b", "c"])
    weighted = TermsEncoder(min_cases=1).fit(block).transform(block).toarray()
    np.testing.assert_allclose(np.linalg.norm(weighted, axis=1), [1, 0, 1, 1])


def test_svd_needs_more_terms_than_components_and_max_terms_takes_the_widespread():
    block = terms([[1, 2, 0, 1], [0, 1, 0, 0], [0, 3, 1, 1], [1, 0, 1, 1]], ["a", "b", "c", "d"])
    assert TermsEncoder(min_cases=1, svd=2).fit(block).transform(block).shape == (4, 2)
    assert TermsEncoder(min_cases=1, svd=9).fit(block).transform(block).shape == (4, 4)
    assert TermsEncoder(min_cases=1, max_terms=2).fit(block).names_ == ["b", "d"]


def test_columns_survive_missing_values_constants_and_new_categories():
    train = pd.DataFrame(
        {"x": [1.0, np.nan, 3.0] * 8, "gone": [np.nan] * 24, "k": (["a"] * 8 + ["b"] * 8 + [None] * 8)}
    )
    for scaled in (False, True):
        encoder = ColumnsEncoder(scaled).fit(Columns(train))
        assert encoder.numbers_ == ["x"]
        new = pd.DataFrame({"x": [np.nan], "gone": [5.0], "k": ["never seen"]})
        matrix = encoder.transform(Columns(new))
        assert matrix.shape[1] == encoder.transform(Columns(train)).shape[1]
        assert scaled == bool(np.isfinite(matrix).all())
        without = encoder.transform(Columns(new.drop(columns="x")))
        np.testing.assert_array_equal(without, matrix, "what a view has for none of the cases is missing")


def by_scikit_learn(train: pd.DataFrame, scaled: bool) -> ColumnTransformer:
    """What `ColumnsEncoder` held before it kept arrays."""
    hot = OneHotEncoder(
        min_frequency=_RARE, max_categories=_MOST_CATEGORIES, handle_unknown="infrequent_if_exist", sparse_output=False
    )
    scaler = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    numbers, categories = names_of(train)
    parts = [("numbers", scaler if scaled else "passthrough", numbers), ("categories", hot, categories)]
    return ColumnTransformer(parts, sparse_threshold=0).fit(train)


def names_of(frame: pd.DataFrame) -> tuple[list[str], list[str]]:
    return [name for name in frame if name.startswith("n")], [name for name in frame if name.startswith("c")]


def rows_of(rng: np.random.Generator, n: int) -> pd.DataFrame:
    numbers = {"n": rng.normal(size=n), "n int": rng.integers(0, 9, n), "n bool": rng.random(n) < 0.3}
    missing = {"n gaps": np.where(rng.random(n) < 0.2, np.nan, rng.normal(5, 3, n))}
    # Some rare, none rare, more than one column takes, all rare, one.
    skewed = {"c": rng.choice(list("abcdefg"), n, p=[0.4, 0.3, 0.2, 0.06, 0.02, 0.01, 0.01])}
    even = {"c even": rng.choice(["x", "y", "", "\u00e9"], n), "c many": rng.choice([f"v{i}" for i in range(40)], n)}
    ids = {"c ids": [f"id {i}" for i in range(n)], "c one": ["same"] * n}
    return pd.DataFrame(numbers | missing | skewed | even | ids)


COLUMNS = {
    "all": list(rows_of(np.random.default_rng(0), 9)),
    "numbers": ["n", "n gaps"],
    "categories": ["c", "c ids"],
    "without gaps": ["n", "c even"],
}


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
def test_kept_arrays_encode_as_the_transformers_of_scikit_learn_do(scaled, columns):
    rng = np.random.default_rng(0)
    train, new = rows_of(rng, 500), rows_of(rng, 60)
    new["c"], new["c even"], new.loc[3, "n"] = new["c"].where(new["c"] != "b", "never"), "new", np.nan
    train, new = train[columns], new[columns]
    before, encoder = by_scikit_learn(train, scaled), ColumnsEncoder(scaled).fit(Columns(train))
    for frame in (train, new):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            expected = before.transform(frame).astype(float)
        expected = np.clip(expected, -8, 8) if scaled else expected
        np.testing.assert_array_equal(encoder.transform(Columns(frame)), expected)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
def test_model_files_that_hold_the_transformers_are_read(scaled, columns, tmp_path):
    train = rows_of(np.random.default_rng(0), 500)[columns]
    numbers, categories = names_of(train)
    encoder, held = ColumnsEncoder(scaled).fit(Columns(train)), by_scikit_learn(train, scaled)
    older = ColumnsEncoder(scaled)
    older.__dict__ |= {"numbers_": numbers, "categories_": categories, "columns_": held}
    save_models(tmp_path / "models.skops", [older])
    (again,) = load_models(tmp_path / "models.skops")
    assert "columns_" not in again.__dict__
    np.testing.assert_array_equal(again.transform(Columns(train)), encoder.transform(Columns(train)))


def test_rare_categories_stay_out_of_a_model():
    encoder = ColumnsEncoder().fit(Columns(rows_of(np.random.default_rng(0), 500)))
    assert encoder.categories_["c ids"] == [] and "id 7" not in str(vars(encoder))


def test_numbers_of_any_kind_and_empty_columns_are_encoded():
    train = pd.DataFrame(
        {
            "n": pd.array([1, None, 3] * 8, "Int64"),
            "b": pd.array([True, None, False] * 8, "boolean"),
            "c": ["1", "2", None] * 8,
        }
    )
    encoder = ColumnsEncoder().fit(Columns(train))
    assert encoder.transform(Columns(train[:3]))[:, :2].tolist()[0] == [1, 1]
    assert np.isnan(encoder.transform(Columns(train[:3]))[1, :2]).all()
    # A category column that is empty in the new cases comes as NaN, which is a number; so do codes.
    for new, same in ((np.nan, 2), (2, 1)):
        matrix = encoder.transform(Columns(train[:1].assign(c=[new])))
        np.testing.assert_array_equal(matrix[0, 2:], encoder.transform(Columns(train[:3]))[same, 2:])
    assert encoder.transform(Columns(train[:0])).shape == (0, 5)


def test_an_infinite_number_is_named():
    train = pd.DataFrame({"x": [1.0, 2.0] * 12, "late": [0.0, 1.0] * 12})
    encoder = ColumnsEncoder().fit(Columns(train))
    for work in (encoder.transform, ColumnsEncoder(True).fit):
        with pytest.raises(ValueError, match="column 'late' has an infinite number"):
            work(Columns(train.assign(late=[np.inf, 1.0] * 12)))


def test_nothing_to_learn_from_says_so():
    with pytest.raises(ValueError, match="no column varies and no term is in enough training cases"):
        BlocksEncoder(True, {"min_cases": 3}).fit({"words": terms([[1], [0], [0]], ["a"])})


def test_dense_or_sparse_is_decided_by_the_training_cases():
    block = {"w": terms(np.eye(30), [f"t{i}" for i in range(30)])}
    encoder = BlocksEncoder(False, {"min_cases": 1}, dense_up_to=900).fit(block)
    assert isinstance(encoder.transform({"w": block["w"].take(np.arange(1))}), np.ndarray)
    sparse = BlocksEncoder(False, {"min_cases": 1}, dense_up_to=899).fit(block)
    assert not isinstance(sparse.transform({"w": block["w"].take(np.arange(1))}), np.ndarray)


def test_the_mean_of_seeds_is_steadier(raw, labels):
    folds, blocks = make_folds(120, 3), {"table": VIEWS["table"]().featurize(raw)}
    learner = LEARNERS["extra_trees"](n_estimators=5)
    one, other = (train_base(blocks, labels, folds, Recipe(learner, seed=seed)).oof for seed in (0, 1))
    many, others = (train_base(blocks, labels, folds, Recipe(learner, seed=seed, seeds=8)).oof for seed in (0, 1))
    assert np.abs(many - others).mean() < 0.7 * np.abs(one - other).mean()


def test_a_segment_is_trained_and_heard_on_its_cases_alone(raw, labels):
    folds, blocks = make_folds(120, 3), {"table": VIEWS["table"]().featurize(raw)}
    within = np.arange(120) % 2 == 0
    recipe = recipe_of("logistic")
    oof = train_base(blocks, labels, folds, recipe, within=within).oof
    assert np.isnan(oof[~within]).all() and np.isfinite(oof[within]).all()
    flipped = np.where(within, labels, 1 - labels)
    np.testing.assert_array_equal(train_base(blocks, flipped, folds, recipe, within=within).oof, oof)


def test_a_segment_of_one_class_says_so(raw, labels):
    with pytest.raises(ValueError, match="too few cases: fold 0 has"):
        train_base(
            {"table": VIEWS["table"]().featurize(raw)},
            labels,
            make_folds(120, 3),
            recipe_of("logistic"),
            within=labels == 1,
        )


def test_the_second_level_has_not_seen_the_labels_of_its_fold(labels):
    """Turn the labels of one fold round: predictions for it may change through the calibration of no base."""
    rng = np.random.default_rng(0)
    folds = make_folds(120, 4)
    below = (labels[:, None] + rng.normal(0, 1, (120, 3)))[:, :, None]
    inside = folds.assignment[:, 0] == 2
    turned = np.where(inside, 1 - labels, labels)
    before, after = (train_base({}, y, folds, recipe_of("logistic"), below=below).oof[inside] for y in (labels, turned))
    np.testing.assert_array_equal(before, after)


def test_the_second_level_finds_what_a_mean_cannot(labels):
    """Two bases that are right where the other is wrong: an interaction."""
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 600)
    switch = rng.integers(0, 2, 600)
    signal = np.where(y == 1, 1.0, -1.0)
    below = np.stack([signal * switch, signal * (1 - switch), 2.0 * switch - 1], axis=1) + rng.normal(0, 0.3, (600, 3))
    folds = make_folds(600, 4)
    trees = Recipe(LEARNERS["xgboost"](max_depth=3, n_estimators=60))
    oof = train_base({}, y, folds, trees, below=below[:, :, None]).oof[:, 0]
    assert ((oof > 0) == (y == 1)).mean() > 0.9


def test_topics_and_selection_are_fitted_on_the_training_cases():
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.7, (60, 30)).astype(np.float32)
    y = rng.integers(0, 2, 60)
    counts[:, 3] += 3 * y
    block = Terms(csr_array(counts), np.array([f"t{i}" for i in range(30)], dtype=object))
    assert TermsEncoder(min_cases=1, topics=4).fit(block, y).transform(block).shape == (60, 4)
    few = Terms(block.counts[:7], block.names)
    assert TermsEncoder(min_cases=1, topics=12).fit(few, y[:7]).transform(block).shape == (60, 7), "of seven cases"
    picked = TermsEncoder(min_cases=1, select=5).fit(block, y)
    assert len(picked.names_) == 5
    again = TermsEncoder(min_cases=1, select=5).fit(block, 1 - y)
    assert picked.names_ == again.names_


def test_topics_of_a_case_are_those_that_scikit_learn_finds():
    rng = np.random.default_rng(0)
    counts = csr_array(rng.poisson(0.3, (80, 50)) * (rng.random((80, 1)) > 0.05))  # a case in twenty says nothing
    topics = NMF(6, init="nndsvd", tol=0, max_iter=60, random_state=0).fit(counts)
    topics.components_[2] = 0
    found = topics_of(counts, topics.components_, 60)
    np.testing.assert_allclose(found, topics.transform(counts), rtol=1e-9, atol=1e-12)
    assert found.max() > 0
    assert (found[counts.sum(axis=1) == 0] == 0).all()
    np.testing.assert_array_equal(topics_of(counts[7:20], topics.components_, 60), found[7:20])
    np.testing.assert_allclose(topics_of(counts[7:8], topics.components_, 60), found[7:8], rtol=1e-9)


def test_a_second_level_of_a_forward_split_learns_from_what_came_before_but_in_the_first_block(raw, labels):
    """Blocks -1, 0, 1, 2 of 30 cases. Before block 0 nothing is predicted; there the later blocks stand in."""
    folds = Folds((np.arange(120) // 30 - 1)[:, None], True, np.arange(120))
    below = np.stack(
        [train_base(blocks_of(raw), labels, folds, recipe_of(kind)).oof for kind in ("logistic", "ridge")], 1
    )
    trained = train_base({}, labels, folds, recipe_of("xgboost"), below)
    assert np.isnan(trained.oof[:30]).all() and np.isfinite(trained.oof[30:]).all() and len(trained.models) == 3
    # Another future changes what is said of the first block alone.
    changed = below.copy()
    changed[90:] = -changed[90:]
    other = train_base({}, labels, folds, Recipe(LEARNERS["xgboost"](n_estimators=30)), changed).oof
    same = train_base({}, labels, folds, Recipe(LEARNERS["xgboost"](n_estimators=30)), below).oof
    assert not np.array_equal(other[30:60], same[30:60])


def test_blocks_are_prepared_once_and_mean_the_same():
    frame = pd.DataFrame({"stage": pd.array(["a", None, "b", "a"], dtype="string"), "size": [1.0, np.nan, 2.0, 3.0]})
    once = prepared({"table": Columns(frame)})
    assert list(once["table"].frame["stage"]) == ["a", "", "b", "a"]
    pd.testing.assert_frame_equal(prepared(once)["table"].frame, once["table"].frame)
    encoder = BlocksEncoder().fit({"table": Columns(frame)})
    np.testing.assert_array_equal(encoder.transform(once), encoder.transform({"table": Columns(frame)}))
