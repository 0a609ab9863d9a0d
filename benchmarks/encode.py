"""`make bench-encode`: columns and topics as nightshift encodes them beside scikit-learn's own transformers. Two minutes.

A `ColumnsEncoder` is fitted by scikit-learn and keeps a few arrays of what that learned; before, it kept the `ColumnTransformer`
itself. Topics are fitted by scikit-learn's `NMF`, whose transform multiplies the same matrices in each of its steps. Both ways are
fitted on the same made-up data, encode the same new cases, and are written and read as a model file is, in turn, so that a busy
machine is busy for both. Writes benchmarks/ENCODE.md.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from statistics import median
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from night import REPO, head_of
from scipy.sparse import csr_array
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import NMF
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tables import markdown
from threadpoolctl import threadpool_limits

from nightshift.columns import _MOST_CATEGORIES, _RARE, ColumnsEncoder, prepared
from nightshift.encode import _TOPIC_STEPS, topics_of
from nightshift.model import trusted_types
from nightshift.views import Columns

TRAINED, NEW, ROUNDS = (800, 10_000), (1, 200, 10_000), 15
NUMBERS, CATEGORIES = 30, 12
TERMS, SAID, TOPICS = 10_000, 300, (10, 40)


def columns_of(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    numbers = {f"n{k}": np.where(rng.random(n) < 0.02 * (k % 5), np.nan, rng.normal(size=n)) for k in range(NUMBERS)}
    kinds = {
        f"c{k}": np.array([f"kind {value}" for value in rng.geometric(0.3, n)], dtype=object) for k in range(CATEGORIES)
    }
    return pd.DataFrame(numbers | kinds)


def by_scikit_learn(scaled: bool) -> ColumnTransformer:
    hot = OneHotEncoder(
        min_frequency=_RARE, max_categories=_MOST_CATEGORIES, handle_unknown="infrequent_if_exist", sparse_output=False
    )
    scaler = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    numbers = [f"n{k}" for k in range(NUMBERS)]
    parts = [("numbers", scaler if scaled else "passthrough", numbers)]
    return ColumnTransformer([*parts, ("categories", hot, [f"c{k}" for k in range(CATEGORIES)])], sparse_threshold=0)


def said_in(n: int, seed: int) -> csr_array:
    """How often each of many terms is said in a case, some terms far more often than others."""
    rng = np.random.default_rng(seed)
    often = 1 / (np.arange(TERMS) + 10)
    said = rng.choice(TERMS, size=n * SAID, p=often / often.sum())
    return csr_array((np.ones(n * SAID), (np.repeat(np.arange(n), SAID), said)), shape=(n, TERMS))


def seconds_of(*works: Callable[[], Any]) -> list[float]:
    """Median processor seconds of each, in turn."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, found in zip(works, taken, strict=True):
            start = process_time()
            work()
            found.append(process_time() - start)
    return [median(found) for found in taken]


def rows_of(trained: int, scaled: bool) -> list[tuple[str, ...]]:
    """What is done, milliseconds by the transformers and by the arrays, and how many times less."""
    frame = columns_of(trained, 0)
    block = prepared({"table": Columns(frame)})["table"]
    ours, theirs = ColumnsEncoder(scaled).fit(block), by_scikit_learn(scaled).fit(frame)
    label = f"{trained:,}, for {'linear models' if scaled else 'trees'}"
    works = {"fit": (lambda: by_scikit_learn(scaled).fit(frame), lambda: ColumnsEncoder(scaled).fit(block))}
    for n in NEW:
        new = columns_of(n, 1)
        ready = prepared({"table": Columns(new)})["table"]
        works[f"encode {n:,}"] = (lambda new=new: theirs.transform(new), lambda ready=ready: ours.transform(ready))
    files = [skops.io.dumps(one) for one in (theirs, ours)]
    works["read the file"] = tuple(lambda file=file: skops.io.load(io.BytesIO(file), trusted_types()) for file in files)
    return [beside(label, work, *both) for work, both in works.items()]


def topics_rows(topics: int) -> list[tuple[str, ...]]:
    """The same of topics, by NMF's own transform and by `topics_of`."""
    theirs = NMF(topics, init="nndsvd", tol=0, max_iter=_TOPIC_STEPS, random_state=0).fit(said_in(TRAINED[0], 0))
    ours, label, rows = (
        partial(topics_of, components=theirs.components_, steps=_TOPIC_STEPS),
        f"{TRAINED[0]:,}, {topics} topics",
        [],
    )
    for n in NEW[:2]:
        new = said_in(n, 1)
        rows.append(beside(label, f"encode {n:,}", partial(theirs.transform, new), partial(ours, new)))
    return rows


def beside(label: str, work: str, theirs: Callable[[], Any], ours: Callable[[], Any]) -> tuple[str, ...]:
    before, after = seconds_of(theirs, ours)
    return label, work, f"{1000 * before:.1f}", f"{1000 * after:.1f}", f"{before / after:.1f}"


def main() -> None:
    with threadpool_limits(1):
        of_columns = [row for trained in TRAINED for scaled in (True, False) for row in rows_of(trained, scaled)]
        of_topics = [row for number in TOPICS for row in topics_rows(number)]
    header = ("training cases", "work", "scikit-learn, ms", "nightshift, ms", "times less")
    about = (
        f"Processor milliseconds, median of {ROUNDS}, in turn. One thread. Both ways give the same matrix, of topics to 1e-9 (`tests/unit/test_train.py`).\n\n"
        f"## Columns\n\n{NUMBERS} of numbers and {CATEGORIES} of categories, by a `ColumnTransformer` and by the arrays that are kept of it. "
        "A night's champion holds an encoder a base and fold, hundreds of them.\n"
    )
    topics = (
        f"\n## Topics\n\nOf {TERMS:,} terms, {SAID} of them said in a case, by `NMF.transform` and by the same steps with the products that do "
        "not change between them made once.\n"
    )
    head = head_of("Encoding columns and topics", "make bench-encode", 1)
    text = "\n".join([head, about, markdown(header, of_columns), topics, markdown(header, of_topics)]) + "\n"
    (REPO / "benchmarks" / "ENCODE.md").write_text(text)


if __name__ == "__main__":
    main()
