"""What one try of a job may take, and what a scheduler must grant for both tries. Light: read at every parse."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from math import ceil

from nightshift.memory import machine_memory_mb

MORE_SECONDS, MORE_MEMORY = 1.5, 2.0
_SHARE, _LARGEST_SHARE = 0.8, 0.95  # of the memory there is
# Of a scheduler's job, in 2**20 bytes: Snakemake twice and the script that waits take about 400 of it. Above what was
# granted the scheduler ends the job, and nobody is left to say what happened.
KEEPERS_MB = 600
# Of a job that can share its work (`nightshift.parallel`, which needs fork).
PROCESSES = 4 if sys.platform == "linux" else 1
_KEEPERS_MINUTES = 5  # to start all that, on a slow file system
_USUAL_MB = 2000


@dataclass(frozen=True)
class Limits:
    """What one try may take.

    Attributes
    ----------
    seconds : wall time
    memory_mb : resident memory in units of 2**20 bytes; None: 80 % of what there is
    granted_mb : memory that a scheduler gave to this job alone, in the same units; None: there is what this machine or
        its container has, and other jobs of the night share it
    """

    seconds: float
    memory_mb: float | None = None
    granted_mb: float | None = None

    @property
    def memory(self) -> float:
        return self.memory_mb if self.memory_mb is not None else _SHARE * self.available

    @property
    def available(self) -> float:
        """Memory that there is for the work."""
        if self.granted_mb is None:
            return machine_memory_mb()
        return max(min(self.granted_mb, machine_memory_mb()) - KEEPERS_MB, 64)

    def raised(self) -> Limits:
        """Those of the second try; never more memory than there is."""
        memory = max(self.memory, min(MORE_MEMORY * self.memory, _LARGEST_SHARE * self.available))
        return replace(self, seconds=MORE_SECONDS * self.seconds, memory_mb=memory)


def minutes_to_grant(seconds: float) -> int:
    """Run time in minutes to ask of a scheduler, for jobs whose first try may take `seconds`."""
    return _KEEPERS_MINUTES + ceil((1 + MORE_SECONDS) * seconds / 60)


def memory_to_grant(memory_mb: float | None) -> int:
    """Memory in 2**20 bytes to ask of a scheduler, for jobs whose first try may take `memory_mb`."""
    return KEEPERS_MB + ceil(MORE_MEMORY * (memory_mb or _USUAL_MB) / _LARGEST_SHARE)
