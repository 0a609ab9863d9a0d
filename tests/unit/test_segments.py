"""Conditions for segments: fair shares, valid SQL, no look at the target."""

import numpy as np
import pandas as pd
from samples import make_raw

from nightshift.data.segments import conditions_on
from nightshift.sandbox import cases_table, condition
from nightshift.views import RawData


def test_conditions_hold_for_a_fair_share_and_run_in_the_sandbox():
    raw = make_raw(400)
    found = conditions_on(raw.cases, raw.kinds)
    assert any("size" in one for one in found) and any("industry" in one for one in found)
    for one in found:
        assert 0.25 <= condition(one, cases_table(raw)).mean() <= 0.75


def test_awkward_names_and_values_are_quoted():
    cases = pd.DataFrame(
        {"case_id": [f"c{i}" for i in range(400)], 'say "when"': np.where(np.arange(400) % 2, "it's", "no")}
    )
    kinds = {'say "when"': "category"}
    (one,) = conditions_on(cases, kinds)
    turns = make_raw(10).turns
    assert condition(one, cases_table(RawData(cases, turns, kinds))).mean() == 0.5


def test_few_cases_have_no_segments():
    raw = make_raw(120)
    assert conditions_on(raw.cases, raw.kinds) == []
