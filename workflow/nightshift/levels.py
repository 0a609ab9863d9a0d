"""Lowering: every stack as bases of the second level under one plain blend.

A stack that is more than a blend of logits (boosting, views passed through, a stack of stacks) is nothing but one or
more bases that stand on other bases. Said so, it needs no training, cross-fitting, model file or prediction of its own.
"""

from __future__ import annotations

from nightshift.experiment import STACK_PREFIX, BaseSpec, Experiment
from nightshift.learners import LEARNERS
from nightshift.stack import StackSpec


def lowered(experiment: Experiment) -> Experiment:
    """The same experiment, its stack a blend (rank_mean, logistic, nonnegative or greedy) over named bases."""
    spec = experiment.stack
    over = spec.over or tuple(experiment.bases)
    if spec.method == "stacks":
        added = {
            f"{STACK_PREFIX}{n}-{member.method}": _as_base(member, over) for n, member in enumerate(spec.members, 1)
        }
        blend = StackSpec(method="logistic", c=spec.c, over=tuple(added))
    elif spec.method == "xgboost" or spec.passthrough:
        added = {f"{STACK_PREFIX}{spec.method}": _as_base(spec, over)}
        blend = StackSpec(method="logistic", over=tuple(added))
    else:
        added, blend = {}, spec.model_copy(update={"over": over})
    return experiment.model_copy(update={"bases": {**experiment.bases, **added}, "stack": blend})


def _as_base(spec: StackSpec, over: tuple[str, ...]) -> BaseSpec:
    """A stack as a base of the second level."""
    if spec.method == "xgboost":
        # Few and weak trees: there are only a handful of columns, and each of them is a good model already.
        learner = LEARNERS["xgboost"](
            n_estimators=100, max_depth=2, learning_rate=0.05, min_child_weight=5.0, subsample=0.8, colsample=0.8
        )
    elif spec.passthrough:
        learner = LEARNERS["logistic"](c=spec.c)
    else:
        learner = LEARNERS["blend"](method=spec.method, c=spec.c, rounds=spec.rounds, bags=spec.bags)
    return BaseSpec(bases=over, views=spec.passthrough, learner=learner)
