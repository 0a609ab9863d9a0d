"""Learners: one file each. `LEARNERS` maps a kind to its class."""

from nightshift.learners.base import Learner
from nightshift.registry import Kinds

LEARNERS = Kinds(__name__, Learner)

__all__ = ["LEARNERS", "Learner"]
