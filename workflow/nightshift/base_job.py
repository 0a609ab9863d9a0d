"""A base as its specification says, trained on the files that its job has as inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nightshift.columns import prepared
from nightshift.data.development import Development, read_raw
from nightshift.data.split import Folds
from nightshift.experiment import TermsSpec
from nightshift.learners import LEARNERS
from nightshift.names import DEVELOPMENT
from nightshift.nested import Node, nested
from nightshift.sandbox import cases_table, condition
from nightshift.scoring import read_scores
from nightshift.spare import Every, every
from nightshift.specs import read_spec, reads_both, trains_on_gpu, views_to_train
from nightshift.train import Recipe, TrainedBase, train_base
from nightshift.views import Block, load_block


def base_of(spec: dict[str, Any], development: Development, cores: int = 1, borrows: bool = False) -> TrainedBase:
    """Train a base from the files of its views and of the bases that it stands on.

    Parameters
    ----------
    spec : content of its file under results/specs/bases
    development : Development
    cores : processes among which the training of the bases below is shared, where it reads views beside them
    borrows : whether folds may be trained on cores that no job uses for the moment
    """
    blocks = prepared({view: load_block(f"results/views/{view}.arrow") for view in views_to_train(spec)})
    node = _node(spec, blocks)
    below = [read_scores(Path("results/bases", base, "oof.parquet")) for base in spec["bases"]]
    stacked = np.stack(below, axis=1) if below else None
    y, folds, apart = development.y, development.folds, None
    if reads_both(spec):
        trees: dict[str, Node] = {}
        apart = nested([_tree(base, blocks, trees) for base in spec["bases"]], y, folds, cores)
    how = on_spare_cores(spec, len(y), folds) if borrows else map
    return train_base(node.blocks, y, folds, node.recipe, stacked, node.within, apart, how)


def on_spare_cores(spec: dict[str, Any], cases: int, folds: Folds) -> Every:
    """A `map` for the folds of a base that borrows cores; one after the other where they share a GPU."""
    if trains_on_gpu(spec):
        return map
    return every(recipe_of(spec).seconds(cases) / (folds.repeats * len(folds.numbers())))


def recipe_of(spec: dict[str, Any]) -> Recipe:
    """How a base is trained, by its specification."""
    learner = LEARNERS[spec["learner"]["kind"]].model_validate(spec["learner"])
    return Recipe(learner, TermsSpec.model_validate(spec["terms"]).model_dump(), spec["seed"], spec["seeds"])


def _node(spec: dict[str, Any], blocks: Mapping[str, Block]) -> Node:
    """A base without those below it."""
    segment = condition(spec["segment"], cases_table(read_raw(DEVELOPMENT))) if spec["segment"] else None
    return Node({view: blocks[view] for view in spec["views"]}, recipe_of(spec), segment)


def _tree(digest: str, blocks: Mapping[str, Block], known: dict[str, Node]) -> Node:
    """A base with all below it; the same node wherever it stands, so that it is trained once."""
    if digest not in known:
        spec = read_spec("bases", digest)
        below = tuple(_tree(base, blocks, known) for base in spec["bases"])
        known[digest] = replace(_node(spec, blocks), below=below)
    return known[digest]
