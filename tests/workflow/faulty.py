"""A learner that goes wrong in the way it is told, offered to nightshift like one of somebody's own package."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import subprocess
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from nightshift.learners import Learner

MENDED = Path(".nightshift/mended")
TRIES = Path(".nightshift/tries")


class Faulty(Learner):
    """Goes wrong in `fit`; `killed` and `full_disk` go right once the file MENDED is there."""

    trusted: ClassVar[tuple[str, ...]] = ("faulty.Broken",)

    kind: Literal["faulty"] = "faulty"
    how: Literal["raise", "hang", "hoard", "segfault", "killed", "nan", "constant", "full_disk"]

    def build(self, seed: int) -> Broken:
        return Broken(self.how)


class Broken(ClassifierMixin, BaseEstimator):
    """The classifier of `Faulty`."""

    def __init__(self, how: str = "raise"):
        self.how = how

    def fit(self, matrix, y):
        with TRIES.open("a") as handle:
            handle.write(f"{self.how}\n")
        self.classes_ = np.unique(y)
        getattr(self, f"_{self.how}", lambda: None)()
        return self

    def predict_proba(self, matrix):
        p = np.full((matrix.shape[0], 2), np.nan if self.how == "nan" else 0.5)
        if self.how in ("killed", "full_disk"):
            p[:, 1] = np.linspace(0.2, 0.8, len(p))
        return p

    def _raise(self):
        raise ZeroDivisionError("as told")

    def _hang(self):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen(["sleep", "98765"], start_new_session=True)
        while True:  # a signal with a handler ends one sleep
            ctypes.CDLL(None).sleep(98765)

    def _hoard(self):
        hoard = []
        while True:
            hoard.append(np.ones(1 << 22))

    def _segfault(self):
        ctypes.string_at(0)

    def _killed(self):
        if not MENDED.exists():
            os.kill(os.getpid(), signal.SIGKILL)

    def _full_disk(self):
        if not MENDED.exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
