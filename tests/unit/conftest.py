"""A small data set made in memory, for the tests of the library."""

import numpy as np
import pytest
from samples import make_raw

from nightshift.views import RawData


@pytest.fixture(scope="session")
def raw() -> RawData:
    return make_raw()


@pytest.fixture(scope="session")
def labels(raw) -> np.ndarray:
    """Target with signal in the table and in the words."""
    rng = np.random.default_rng(1)
    happy = raw.turns.groupby("case_id")["text"].agg(lambda said: said.str.count("happy").sum())
    signal = raw.cases["size"].fillna(0) + happy.reindex(raw.cases["case_id"]).fillna(0).to_numpy()
    return (signal + rng.normal(size=len(signal)) > 0.8).astype(int).to_numpy()
