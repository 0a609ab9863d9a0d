"""scikit-learn's tree ensembles, stored as a few long arrays instead of thousands of small objects.

skops writes each tree of a forest as a dozen files of a zip archive: 1,000 trees took 1.5 s to write and 0.9 s to read,
more than they take to fit on 1,000 cases. Here the nodes of all trees stand in one array. What is read back is checked
node by node, because scikit-learn follows a tree's links without looking where they lead.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.tree._tree import Tree
from sklearn.utils.validation import check_is_fitted

_PACKED = "packed_trees"


class _PackedForest:
    """A binary forest with its own state, and a prediction without a job queue around every tree."""

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if (trees := state.pop("estimators_", None)) is not None:
            inner = [tree.tree_.__getstate__() for tree in trees]
            state[_PACKED] = {
                "nodes": np.concatenate([tree["nodes"] for tree in inner]),
                "values": np.concatenate([tree["values"] for tree in inner]),
                "counts": np.array([tree["node_count"] for tree in inner]),
                "depths": np.array([tree["max_depth"] for tree in inner]),
                "seeds": np.array([tree.random_state for tree in trees]),
            }
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        packed = state.pop(_PACKED, None)
        super().__setstate__(state)
        if packed is not None:
            like = self._unfitted_tree()
            self.estimators_ = [
                _with_tree(like, *one) for one in _unpacked(packed, self.n_features_in_, len(self.classes_))
            ]

    def _unfitted_tree(self) -> Any:
        """What all trees share; `max_features` is a share of the columns."""
        tree = self._make_estimator(append=False)
        tree.n_features_in_, tree.n_outputs_ = self.n_features_in_, self.n_outputs_
        tree.classes_, tree.n_classes_ = np.arange(len(self.classes_), dtype=np.float64), self.n_classes_
        tree.max_features_ = max(1, int(self.max_features * self.n_features_in_))
        return tree

    def predict_proba(self, X: Any) -> np.ndarray:
        """As scikit-learn's, to the last bit; (n_cases, 2)."""
        check_is_fitted(self)
        matrix = self._validate_X_predict(X)
        total = np.zeros((matrix.shape[0], len(self.classes_)))
        for tree in self.estimators_:
            total += tree.tree_.predict(matrix)
        return total / len(self.estimators_)


def _with_tree(like: Any, tree: Tree, seed: int) -> Any:
    # A copy: making each by scikit-learn's own way costs more than reading it.
    made = copy(like)
    made.tree_, made.random_state = tree, seed
    return made


def _unpacked(packed: dict[str, Any], n_features: int, n_classes: int) -> list[tuple[Tree, int]]:
    """Trees and their seeds.

    Raises
    ------
    ValueError
        When the arrays do not fit together, or a node points where no node or no column is.
    """
    counts, nodes, values = packed["counts"], packed["nodes"], packed["values"]
    if counts.min(initial=1) < 1 or counts.sum() != len(nodes) or len(values) != len(nodes):
        raise ValueError("a stored forest whose trees and nodes do not fit together")
    found, end = [], 0
    for count, depth, seed in zip(counts, packed["depths"], packed["seeds"], strict=True):
        part = slice(end, end := end + int(count))
        _check_links(nodes[part], n_features)
        tree = Tree(n_features, np.array([n_classes], dtype=np.intp), 1)
        tree.__setstate__(
            {
                "max_depth": int(depth),
                "node_count": int(count),
                "nodes": nodes[part].copy(),
                "values": np.ascontiguousarray(values[part]),
            }
        )
        found.append((tree, int(seed)))
    return found


def _check_links(nodes: np.ndarray, n_features: int) -> None:
    """Every inner node's children come after it and exist (so that each path ends), and its column exists."""
    inner = nodes["left_child"] >= 0
    places = np.flatnonzero(inner)
    for child in ("left_child", "right_child"):
        links = nodes[child][inner]
        if not ((links > places) & (links < len(nodes))).all():
            raise ValueError("a stored tree with a link to no node")
    if not ((nodes["feature"][inner] >= 0) & (nodes["feature"][inner] < n_features)).all():
        raise ValueError("a stored tree with a split on no column")


class PackedExtraTrees(_PackedForest, ExtraTreesClassifier):
    """ExtraTreesClassifier for two classes; `max_features` is a share."""


class PackedRandomForest(_PackedForest, RandomForestClassifier):
    """RandomForestClassifier for two classes; `max_features` is a share."""


class PackedHistGradientBoosting(HistGradientBoostingClassifier):
    """HistGradientBoostingClassifier for two classes, without categorical columns."""

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if (rounds := state.pop("_predictors", None)) is not None:
            state[_PACKED] = {
                "nodes": np.concatenate([tree.nodes for (tree,) in rounds]),
                "counts": np.array([len(tree.nodes) for (tree,) in rounds]),
            }
            # Where columns are cut into bins: an array a column, and text makes columns by the hundred.
            mapper = state["_bin_mapper"] = copy(state["_bin_mapper"])
            cuts = mapper.__dict__.pop("bin_thresholds_")
            state[_PACKED] |= {"cuts": np.concatenate(cuts), "cuts_each": np.array([len(cut) for cut in cuts])}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        packed = state.pop(_PACKED, None)
        super().__setstate__(state)
        if packed is not None:
            self._predictors = [[TreePredictor(nodes, *_no_bitsets())] for nodes in _grown(packed, self.n_features_in_)]
            if "cuts" in packed:  # older model files have them as scikit-learn does
                self._bin_mapper.bin_thresholds_ = _cuts(packed, self.n_features_in_)


def _grown(packed: dict[str, Any], n_features: int) -> list[np.ndarray]:
    """Nodes of each tree.

    Raises
    ------
    ValueError
        As `_unpacked`.
    """
    counts, nodes = packed["counts"], packed["nodes"]
    if counts.min(initial=1) < 1 or counts.sum() != len(nodes):
        raise ValueError("a stored forest whose trees and nodes do not fit together")
    found = [part.copy() for part in np.split(nodes, np.cumsum(counts)[:-1])]
    for tree in found:
        inner = tree["is_leaf"] == 0
        places = np.flatnonzero(inner)
        for child in ("left", "right"):
            if not ((tree[child][inner] > places) & (tree[child][inner] < len(tree))).all():
                raise ValueError("a stored tree with a link to no node")
        columns = tree["feature_idx"][inner]
        if not ((columns >= 0) & (columns < n_features)).all() or tree["is_categorical"][inner].any():
            raise ValueError("a stored tree with a split on no column")
    return found


def _cuts(packed: dict[str, Any], n_features: int) -> list[np.ndarray]:
    """Cuts of each column; a ValueError where they do not fit the columns."""
    each = packed["cuts_each"]
    if len(each) != n_features or each.min(initial=0) < 0 or each.sum() != len(packed["cuts"]):
        raise ValueError("a stored forest whose columns and cuts do not fit together")
    return np.split(packed["cuts"], np.cumsum(each)[:-1])


def _no_bitsets() -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((0, 8), dtype=np.uint32), np.zeros((0, 8), dtype=np.uint32)
