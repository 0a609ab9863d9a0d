"""What a base learns of the bases below when it reads views too: nothing about the labels of the fold it is scored on."""

import numpy as np
import pandas as pd
import pytest
from samples import make_folds
from sklearn.metrics import roc_auc_score

from nightshift.data.split import Folds
from nightshift.learners import LEARNERS
from nightshift.nested import Node, nested
from nightshift.train import Recipe, train_base
from nightshift.views import Columns

CASES, FOLDS = 200, 4


def columns(seed=0, cases=CASES, width=20):
    numbers = np.random.default_rng(seed).normal(size=(cases, width))
    return {"t": Columns(pd.DataFrame(numbers, columns=[f"x{i}" for i in range(width)]))}


def logistic(c=0.1):
    return Recipe(LEARNERS["logistic"](c=c))


def second_level(blocks, y, folds, nodes, top, honest=True):
    """Logits out of fold (n_cases,) of a base over `nodes` and the same columns."""
    below = np.stack([train_base(node.blocks, y, folds, node.recipe, within=node.within).oof for node in nodes], axis=1)
    return train_base(blocks, y, folds, top, below, nested=nested(nodes, y, folds) if honest else None).oof[:, 0]


def auc_of_noise(folds, scored, samples):
    """Mean AUC within the folds `scored` of a second level on random labels, with nested predictions and without."""
    cases, found = len(folds.groups), {True: [], False: []}
    for seed in range(samples):
        y = np.random.default_rng(seed).integers(0, 2, cases)
        blocks = columns(seed + 100, cases, 40)
        nodes = [Node(blocks, logistic(c)) for c in (0.01, 1.0)]
        for honest, aucs in found.items():
            scores = second_level(blocks, y, folds, nodes, logistic(1.0), honest)
            inside = [folds.assignment[:, 0] == fold for fold in scored]
            aucs.append(np.mean([roc_auc_score(y[rows], scores[rows]) for rows in inside]))
    return np.mean(found[True]), np.mean(found[False])


def test_random_labels_are_not_learnt_through_the_bases_below():
    """With out-of-fold predictions alone, AUC 0.6 comes of nothing."""
    folds = make_folds(400, 5)
    honest, naive = auc_of_noise(folds, folds.numbers(), samples=6)
    assert naive > 0.55
    assert abs(honest - 0.5) < 0.03


@pytest.mark.parametrize("levels", [1, 2])
def test_what_is_heard_for_a_fold_has_not_seen_its_labels(labels_of_columns, levels):
    """Turn the labels of one fold round: what is heard beside it stays the same."""
    blocks, y, folds = labels_of_columns
    node = Node(blocks, logistic())
    for _ in range(levels - 1):
        node = Node(blocks, logistic(), below=(node,))
    before = nested([node], y, folds)
    fold = 2
    inside = folds.assignment[:, 0] == fold
    after = nested([node], np.where(inside, 1 - y, y), folds)
    place = list(folds.numbers()).index(fold)
    np.testing.assert_array_equal(before[:, 0, 0, place], after[:, 0, 0, place])
    assert np.isnan(before[inside, 0, 0, place]).all() and np.isfinite(before[~inside, 0, 0, place]).all()
    # Its own fold neither: a case's label changes nothing that is said of it.
    other = folds.assignment[:, 0] == 1
    turned = nested([node], np.where(other, 1 - y, y), folds)
    np.testing.assert_array_equal(before[other], turned[other])


def test_is_a_model_of_the_other_folds(labels_of_columns):
    """On one level exactly what a fit without both folds says."""
    blocks, y, folds = labels_of_columns
    found = nested([Node(blocks, logistic())], y, folds)
    of = folds.assignment[:, 0]
    train = np.flatnonzero((of != 0) & (of != 3))
    model = logistic().model(None).fit({"t": blocks["t"].take(train)}, y[train])
    rows = np.flatnonzero(of == 3)
    np.testing.assert_allclose(found[rows, 0, 0, 0], model.predict_logit({"t": blocks["t"].take(rows)}))


@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("forward", [False, True])
def test_the_work_may_be_shared_among_processes(labels_of_columns, levels, forward):
    blocks, y, folds = labels_of_columns
    folds = blocks_in_time(CASES, 4) if forward else folds
    first = [Node(blocks, logistic(c)) for c in (0.1, 1.0)]
    nodes = first if levels == 1 else [*first, Node(blocks, logistic(), below=tuple(first))]
    np.testing.assert_array_equal(nested(nodes, y, folds, cores=3), nested(nodes, y, folds))


def test_what_fails_in_a_process_is_said_as_alone(labels_of_columns):
    blocks, y, _ = labels_of_columns
    for cores in (1, 2):
        with pytest.raises(ValueError, match="more folds"):
            nested([Node(blocks, logistic())], y, make_folds(CASES, 2), cores)


def test_repeats_have_folds_of_their_own_and_segments_stay_segments(labels_of_columns):
    blocks, y, _ = labels_of_columns
    folds = make_folds(CASES, FOLDS, repeats=2)
    within = np.arange(CASES) % 2 == 0
    found = nested([Node(blocks, logistic()), Node(blocks, logistic(), within)], y, folds)
    assert found.shape == (CASES, 2, 2, FOLDS)
    assert np.isnan(found[~within, 1]).all()
    assert not np.array_equal(found[:, 0, 0], found[:, 0, 1], equal_nan=True)
    flipped = nested([Node(blocks, logistic(), within)], np.where(within, y, 1 - y), folds)
    np.testing.assert_array_equal(found[:, 1:], flipped)


def blocks_in_time(cases, blocks):
    """A forward split: block -1, which is never predicted, and the others."""
    return Folds((np.arange(cases) * blocks // cases - 1)[:, None], True, np.arange(cases))


def test_forward_in_time_the_first_fold_is_not_learnt_from_what_came_after():
    """Its stand-ins are later folds; they are predicted without it."""
    blocks, y = columns(), np.random.default_rng(0).integers(0, 2, CASES)
    forward = blocks_in_time(CASES, 4)
    of = forward.assignment[:, 0]
    for node in (Node(blocks, logistic()), Node(blocks, logistic(), below=(Node(blocks, logistic()),))):
        found = nested([node], y, forward)
        assert np.isnan(found[:, 0, 0, 1:]).all(), "there earlier models have not seen it anyway"
        turned = nested([node], np.where(of == 0, 1 - y, y), forward)
        np.testing.assert_array_equal(found, turned)
    assert np.isfinite(nested([Node(blocks, logistic())], y, forward)[of > 0, 0, 0, 0]).all()


def test_random_labels_are_not_learnt_forward_in_time():
    honest, naive = auc_of_noise(blocks_in_time(500, 5), [0], samples=8)
    assert naive > 0.55
    assert abs(honest - 0.5) < 0.05


def test_no_group_is_on_both_sides(labels_of_columns):
    """Folds of a user's own column may cut a group; its other cases must not train what predicts it."""
    blocks, y, folds = labels_of_columns
    folds = Folds(folds.assignment, False, np.arange(CASES) // 2)
    of = folds.assignment[:, 0]
    before = nested([Node(blocks, logistic())], y, folds)
    cut = [group for group in np.unique(folds.groups) if len(set(of[folds.groups == group])) == 2]
    case = np.flatnonzero(folds.groups == cut[0])[0]
    mates = (folds.groups == cut[0]) & (np.arange(CASES) != case)
    after = nested([Node(blocks, logistic())], np.where(mates, 1 - y, y), folds)
    np.testing.assert_array_equal(before[case], after[case])


def test_too_few_folds_for_so_many_levels_is_said(labels_of_columns):
    blocks, y, _ = labels_of_columns
    node = Node(blocks, logistic(), below=(Node(blocks, logistic()),))
    with pytest.raises(ValueError, match=r"more folds \(validation\.folds\), fewer levels"):
        nested([node], y, make_folds(CASES, 2))


@pytest.fixture(scope="module")
def labels_of_columns():
    """Columns of which the first says something, labels and folds."""
    blocks = columns()
    y = (blocks["t"].frame["x0"] + np.random.default_rng(1).normal(size=CASES) > 0).to_numpy().astype(int)
    return blocks, y, make_folds(CASES, FOLDS)
