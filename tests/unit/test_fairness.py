"""Groups of a column that no model reads, compared on development cases."""

import numpy as np
import pandas as pd
import pytest
from samples import make_folds

from nightshift.config import Data
from nightshift.data.development import Development
from nightshift.fairness import compare_groups, read_columns


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """400 cases of two groups, the model blind for one of them; the file is in another order."""
    rng = np.random.default_rng(0)
    ids = pd.Series([f"c{i}" for i in range(400)])
    gender = np.where(np.arange(400) % 2, "f", "m")
    y = rng.integers(0, 2, 400)
    score = np.where(gender == "f", 2.0 * y, 0.0) + rng.normal(size=400)
    file = tmp_path_factory.mktemp("cases") / "cases.csv"
    frame = pd.DataFrame({"deal": ids, "won": y, "gender": gender, "age": rng.integers(20, 70, 400), "one": "same"})
    frame.sample(frac=1, random_state=1).to_csv(file, index=False)
    data = Data(cases="cases.csv", id="deal", target="won", drop=["gender", "age"])
    return read_columns(file, data, ["gender", "age", "one"], ids), score[:, None], Development(ids, y, make_folds(400))


def test_columns_are_read_anew_in_the_order_of_the_cases(judged):
    raw = judged[0]
    assert raw.cases["gender"].tolist()[:4] == ["m", "f", "m", "f"]
    assert raw.kinds == {"gender": "category", "age": "numeric"}, "a column with one value has no groups"


def test_groups_are_told_apart(judged):
    found = compare_groups(*judged)
    rows = {(row["column"], row["value"]): row for row in found["rows"]}
    women, men = rows["gender", "f"], rows["gender", "m"]
    assert [row["column"] for row in found["rows"]] == ["gender"] * 2 + ["age"] * 3
    assert women["auc"] > 0.85 and 0.4 < men["auc"] < 0.6 and women["low"] > men["high"]
    assert women["called"] > 2 * men["called"] and women["reached"] > men["reached"]
    share = (women["called"] * women["cases"] + men["called"] * men["cases"]) / 400
    assert share == pytest.approx(0.2, abs=0.01), "the best fifth is called"


def test_a_few_numbers_are_groups_of_their_own(judged):
    """Thirds of a column of ones and zeros would put all of them together."""
    raw, scores, development = judged
    native = pd.Series(np.where(np.arange(400) % 4 == 0, 0.0, 1.0))
    found = compare_groups(
        type(raw)(raw.cases.assign(native=native), raw.turns, {"native": "numeric"}), scores, development
    )
    assert sorted((row["value"], row["cases"]) for row in found["rows"]) == [("0", 100), ("1", 300)]
    assert found["left_out"] == 0


def test_small_groups_are_left_out(judged):
    raw, scores, development = judged
    few = raw.cases["gender"].where(raw.cases.index >= 20, "x")
    found = compare_groups(
        type(raw)(raw.cases.assign(gender=few), raw.turns, {"gender": "category"}), scores, development
    )
    assert found["left_out"] == 1 and len(found["rows"]) == 2
