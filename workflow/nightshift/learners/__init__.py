"""Learners: one file each. `LEARNERS` maps a kind to its class."""

import sys

from nightshift.learners.base import Learner
from nightshift.registry import kinds_in

LEARNERS: dict[str, type[Learner]] = kinds_in(sys.modules[__name__], Learner)

__all__ = ["LEARNERS", "Learner"]
