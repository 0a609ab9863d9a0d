"""`make bench-scale`: time, memory and size of every step, view and learner as cases grow.

Each measured piece is one process of one thread, as a job of a night is. Writes benchmarks/SCALE.md with command,
versions and machine. 100,000 cases take about an hour.

    python benchmarks/scale.py 1000 10000 100000
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from night import DEMO, REPO, Night, head_of, lay_out

import nightshift.job  # noqa: F401  one thread, set before numpy is imported
from nightshift.agents.roles import as_candidate, pool, view_roles
from nightshift.agents.space import Space
from nightshift.card import Card
from nightshift.data.development import read_development, read_raw
from nightshift.experiment import effective_terms
from nightshift.files import read_json
from nightshift.train import Recipe, train_base
from nightshift.views import VIEWS, View, load_block, save_block

HEAD = "| cases | what | seconds | peak memory, MB | file, MB |\n|---|---|---|---|---|"
SQL = "SELECT case_id, count(*) AS turns, avg(length(text)) AS long FROM turns GROUP BY case_id"


@dataclass(frozen=True)
class Cost:
    """What one piece of work took."""

    seconds: float
    memory_mb: float
    file_mb: float | None = None


def measured(work: Callable[[], None], file: Path | None = None) -> Cost:
    """Do some work in a process of its own; memory is that process's peak, libraries included.

    Raises
    ------
    RuntimeError
        When it fails.
    """
    process = multiprocessing.get_context("fork").Process(target=work)
    start = time.perf_counter()
    process.start()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise RuntimeError(f"ended with status {status}")
    return Cost(seconds, usage.ru_maxrss / 1024, file.stat().st_size / 1e6 if file else None)


def prepare(root: Path, cases: int) -> Iterator[tuple[str, Cost]]:
    """The demo's data, ingested and split by the real rules."""
    lay_out(root, Night(f"{cases}", 1, 0, DEMO, None, {"demo": {"n": cases}}))
    subprocess.run(["snakemake", "--cores", "1", "results/data/split.json"], cwd=root, check=True, capture_output=True)
    for rule in ("ingest", "split"):
        with (root / f"results/benchmarks/{rule}.tsv").open() as handle:
            row = next(csv.DictReader(handle, delimiter="\t"))
        yield rule, Cost(float(row["s"]), float(row["max_rss"]))


def view_costs(space: Space, folder: Path) -> Iterator[tuple[str, Cost]]:
    """Each kind of view with its usual options; the files stay in `folder`."""
    for name, view in chosen_views(space).items():
        file = folder / f"{name}.arrow"
        yield f"view {name}", measured(lambda view=view, file=file: save_block(file, view.featurize(_raw())), file)


def chosen_views(space: Space) -> dict[str, View]:
    roles = view_roles(space)
    wanted = ("table", "dynamics", "recency", "notes", "words", "words-each", "words-each-end", "chars")
    return {name: roles[name][0] for name in wanted if name in roles} | {"sql": VIEWS["sql"](query=SQL)}


def learner_costs(space: Space, folder: Path) -> Iterator[tuple[str, Cost]]:
    """Every learner of the portfolio's pool, once on words and once on columns where it goes there."""
    roles = view_roles(space)
    for role in pool(space):
        if role.views not in ("words", "dense"):
            continue
        one = as_candidate(space, role, roles)

        def train(one=one) -> None:
            kinds = {name: load_block(folder / f"{view.kind}.arrow") for name, view in one.views.items()}
            development = read_development("results/data/development")
            terms = effective_terms(one.base, one.views).model_dump()
            train_base(kinds, development.y, development.folds, Recipe(one.base.learner, terms))

        yield f"base {role}", measured(train)


def _raw():
    return read_raw("results/data/development")


def costs(cases: int, holder: Path) -> Iterator[tuple[str, Cost]]:
    root = holder / str(cases)
    yield from prepare(root, cases)
    os.chdir(root)
    folder = root / "views"
    folder.mkdir()
    space = Space(Card.of(read_json("results/data/card.json")))
    yield from view_costs(space, folder)
    yield from learner_costs(space, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", type=int, nargs="*", default=[1000, 10000, 100000])
    options = parser.parse_args()
    lines = [HEAD]
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory() as holder:
        for cases in options.cases:
            for what, cost in costs(cases, Path(holder)):
                size = "" if cost.file_mb is None else f"{cost.file_mb:.1f}"
                lines.append(f"| {cases:,} | {what} | {cost.seconds:.1f} | {cost.memory_mb:.0f} | {size} |")
                print(lines[-1], flush=True)
        os.chdir(REPO)
    command = "make bench-scale" if options.cases == [1000, 10000, 100000] else f"python {' '.join(sys.argv)}"
    head = head_of("Growth", command, "1")
    note = (
        "One process, one thread each; bases train all folds on the development cases (80 %). A case of the demo has 38 turns in "
        "2.2 calls on average.\n"
    )
    Path(REPO, "benchmarks", "SCALE.md").write_text("\n".join([head, note, *lines]) + "\n")


if __name__ == "__main__":
    main()
