"""`make bench`: in ten minutes, a night a set and three systems on one outer fold.

Writes benchmarks/BENCH.md with command, versions and machine. The whole comparison, which takes a day, is
benchmarks/RESULTS.md. Real sets are looked for beside the checkout (../shared/data) or where --data says; the demo is always
there. Wall times are of this machine and of this hour.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import space
from automl.cell import run_cell
from automl.compare import with_label
from automl.gather import row_of
from automl.sets import make_set
from night import REPO, head_of, run_night
from nights import figures_of, short
from tables import cells_table, costs_table, nights_table

TARGET = REPO / "benchmarks" / "BENCH.md"
COMPARED = "persuasion_for_good"
SYSTEMS = (("nightshift", 60), ("stacking", None), ("xgboost", None))


def compared(data: Path, cores: int) -> list[dict[str, Any]]:
    """The systems that need no environment of their own, on the first outer fold of a real set (or of a demo)."""
    with tempfile.TemporaryDirectory() as holder:
        name = COMPARED if (data / COMPARED).is_dir() else "demo-1000"
        source = Path(holder, name)
        make_set(name, data, source)
        return [row_of(run_cell(system, source, 0, seconds, cores, sys.executable)) for system, seconds in SYSTEMS]


def space_part() -> list[str]:
    """What the rich space is worth, from the nights that `make bench-space` left: those take hours."""
    if not space.TABLE.exists():
        return []
    rows = pd.read_csv(space.TABLE)
    longest = rows[rows["experiments"] == rows["experiments"].max()]
    title = f"\n## The rich space, in nights of {longest['experiments'].max()} experiments (`make bench-space`)\n"
    return [title, space.gains_table(space.pairs_of(longest))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data", help="folder of the real sets")
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    nights = []
    for night in short(options.data):
        nights.append(figures_of(run_night(night, options.cores)))
        print(f"{night.name}: {nights[-1]['wall_s']:.0f} s", flush=True)
    cells = with_label(pd.DataFrame(compared(options.data, options.cores)))
    parts = [
        head_of("Ten minutes of benchmark", "make bench", options.cores),
        "The whole comparison, with commands and what the columns mean: [RESULTS.md](RESULTS.md).\n",
        *("## Nights\n", nights_table(pd.DataFrame(nights)), ""),
        *("## Where their time went\n", costs_table(pd.DataFrame(nights)), ""),
        *("## One outer fold\n", cells_table(cells)),
        *space_part(),
    ]
    TARGET.write_text("\n".join(parts) + "\n")
    print("\n" + "\n".join(parts))


if __name__ == "__main__":
    main()
