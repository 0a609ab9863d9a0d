"""Encoding and training: nothing is fitted outside its fold."""

import numpy as np
import pandas as pd
import pytest
from samples import make_folds
from scipy.sparse import csr_array

from nightshift.encode import BlocksEncoder, ColumnsEncoder, TermsEncoder
from nightshift.learners import LEARNERS
from nightshift.train import train_base
from nightshift.views import VIEWS, Columns, Terms


def blocks_of(raw):
    return {
        "table": VIEWS["table"]().featurize(raw),
        "words": VIEWS["words"](ngrams=1).featurize(raw),
        "dynamics": VIEWS["dynamics"](speakers=("customer", "agent")).featurize(raw),
    }


@pytest.mark.parametrize("kind", sorted(LEARNERS))
def test_every_learner_trains_on_all_views_and_repeats_itself(raw, labels, kind):
    svd = {} if LEARNERS[kind].sparse else {"svd": 5}
    one, again = (
        train_base(blocks_of(raw), labels, make_folds(120, 3, repeats=2), LEARNERS[kind](), svd, 0) for _ in range(2)
    )
    assert one.oof.shape == (120, 2) and len(one.models) == 6
    assert np.isfinite(one.oof).all()
    np.testing.assert_array_equal(one.oof, again.oof)


@pytest.mark.parametrize("kind", sorted(LEARNERS))
def test_a_case_does_not_change_the_model_that_predicts_it(raw, labels, kind):
    """Replace one case's features: predictions of the other cases of its fold stay what they were."""
    svd = {} if LEARNERS[kind].sparse else {"svd": 5}
    folds = make_folds(120, 3)
    blocks = blocks_of(raw)
    before = train_base(blocks, labels, folds, LEARNERS[kind](), svd, 0).oof[:, 0]
    frame = blocks["table"].frame.copy()
    frame.loc[0, "size"] = 1e6
    frame.loc[0, "industry"] = "never seen"
    dense = blocks["words"].counts.toarray()
    dense[0] = 50
    changed = {**blocks, "table": Columns(frame), "words": Terms(csr_array(dense), blocks["words"].names)}
    after = train_base(changed, labels, folds, LEARNERS[kind](), svd, 0).oof[:, 0]
    same_fold = np.flatnonzero((folds.assignment[:, 0] == folds.assignment[0, 0]) & (np.arange(120) != 0))
    np.testing.assert_allclose(after[same_fold], before[same_fold], rtol=1e-7)


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
        train_base({"table": VIEWS["table"]().featurize(raw)}, labels, make_folds(120, 3), Broken(), {}, 0)


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


def test_nothing_to_learn_from_says_so():
    with pytest.raises(ValueError, match="no column varies and no term is in enough training cases"):
        BlocksEncoder(True, {"min_cases": 3}).fit({"words": terms([[1], [0], [0]], ["a"])})


def test_dense_or_sparse_is_decided_by_the_training_cases():
    block = {"w": terms(np.eye(30), [f"t{i}" for i in range(30)])}
    encoder = BlocksEncoder(False, {"min_cases": 1}, dense_up_to=900).fit(block)
    assert isinstance(encoder.transform({"w": block["w"].take(np.arange(1))}), np.ndarray)
    sparse = BlocksEncoder(False, {"min_cases": 1}, dense_up_to=899).fit(block)
    assert not isinstance(sparse.transform({"w": block["w"].take(np.arange(1))}), np.ndarray)
