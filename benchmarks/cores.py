"""`make bench-cores`: the same nights on one, two, four and eight cores of a machine that has them.

Writes benchmarks/cores.csv, a row a night and a number of cores, from which `make bench-results` makes a table of
benchmarks/RESULTS.md beside the simulation of benchmarks/simulate.py. On a machine with fewer cores it says so.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from night import REPO, Ran, run_night
from nights import KEY, figures_of, large, real, write_rows

TARGET = REPO / "benchmarks" / "cores.csv"
# Those that benchmarks/simulate.py foretells; two, whose jobs it takes, are always among those measured.
CORES = (8, 4, 2, 1)


def nights(data: Path):
    """A thousand real cases where they are there, and ten thousand made up."""
    return [*real(data, "persuasion_for_good", 24), *large(data)]


def row_of(ran: Ran) -> dict[str, Any]:
    return figures_of(ran) | {"cpus": os.cpu_count(), "processor": processor()}


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The name that the processor gives itself, or nothing."""
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data", help="folder of the real sets")
    parser.add_argument("--cores", type=int, nargs="+", choices=CORES, default=CORES)
    parser.add_argument("--sets", nargs="+", help="these sets alone")
    parser.add_argument("--table", type=Path, default=TARGET)
    options = parser.parse_args()
    here = os.cpu_count() or 1
    if max(options.cores) > here:
        fewer = " ".join(str(cores) for cores in CORES if cores <= here)
        sys.exit(f"this machine has {here} cores: measure on one that has {max(options.cores)}, or say --cores {fewer}")
    for night in nights(options.data):
        for cores in options.cores if night.name in (options.sets or [night.name]) else ():
            row = row_of(run_night(night, cores))
            # At once: a night that is cut off costs the others nothing.
            write_rows([row], options.table, [*KEY, "cores", "processor"])
            print(f"{night.name}, {cores} cores: {row['wall_s']:.0f} s", flush=True)


if __name__ == "__main__":
    main()
