"""One test for each thing that can be wrong with the cases."""

import pandas as pd
import pyarrow as pa
import pytest

from nightshift.config import parse_config
from nightshift.data import checks

FILE = "crm.csv"


def config_of(validation=None, **data):
    data = {"cases": FILE, "id": "deal", "target": "won", **data}
    return parse_config({"data": data, "validation": validation or {}})


def text(*values):
    return pa.array(values, pa.large_string())


def target(*values, **data):
    return checks.target_of(text(*values), config_of(**data).data, FILE)


def only(problems):
    assert len(problems) == 1, list(map(str, problems))
    return problems[0]


@pytest.mark.parametrize(
    ("labels", "data", "positive"),
    [
        (("0", "1", "1.0"), {}, "1"),
        (("No", "yes", "YES"), {}, "YES"),
        (("FALSE", "True", " true "), {}, "True"),
        (("Lost", "Won", "Won"), {"positive": "Won"}, "Won"),
        (("2", "1", "1"), {"positive": 1}, "1"),
        (("no", "yes", "yes"), {"positive": True}, "yes"),
        (("yes", "no", "no"), {"positive": False}, "no"),
        (("0", "1.00", "1"), {"positive": 1.0}, "1"),
        (("1", "0", "0"), {"positive": "0"}, "0"),
    ],
)
def test_target_as_zero_and_one(labels, data, positive):
    values, found, problems = target(*labels, **data)
    assert (values.tolist(), found, problems) == ([0, 1, 1], positive, [])
    assert values.dtype == "int8"


def test_two_values_without_positive():
    problem = only(target("Won", "Lost")[2])
    assert (problem.file, problem.column) == (FILE, "won")
    assert "'Lost', 'Won'" in problem.what and "data.positive" in problem.remedy


def test_positive_that_is_no_value():
    problem = only(target("Won", "Lost", positive="win")[2])
    assert "data.positive is 'win'" in problem.what and "'Lost', 'Won'" in problem.what


def test_target_not_binary():
    assert "not binary: 3 values ('a', 'b', 'c')" in only(target("a", "b", "c")[2]).what
    assert "not binary: 100 values" in only(target(*map(str, range(100)))[2]).what


def test_one_class_only():
    assert only(target("1", "1.0")[2]).what == "only one class: every outcome is '1', '1.0'"


def test_target_missing_names_the_rows():
    problem = only(target("1", None, "0", None)[2])
    assert problem.row == 2 and problem.what == "no outcome in 2 rows (2, 4)"
    assert "predict them later" in problem.remedy
    assert len(target(None, None)[2]) == 2


def test_missing_column_names_the_nearest():
    problems = checks.check_columns(
        ["Deal", "win", "acct"], config_of(group="account", drop=["close_reason"], time="date", cutoff="date"), FILE
    )
    assert [p.column for p in problems] == ["deal", "won", "account", "date", "date", "close_reason"]
    assert problems[0].remedy == "set data.id in the configuration; did you mean 'Deal'?"
    assert "columns here: 'Deal', 'win', 'acct'" in problems[3].remedy
    assert "data.drop" in problems[5].remedy


def test_one_column_with_two_roles():
    problem = only(checks.check_columns(["won"], config_of(id="won"), FILE))
    assert "data.id and data.target name the same column" in problem.what
    assert "date" in only(checks.check_columns(["deal", "won"], config_of(time="won"), FILE)).what


def test_ids_missing_and_duplicated():
    blank, twice = checks.check_ids(text("a", None, "b", "a", "b", "c", "a"), "deal", FILE)
    assert (blank.row, blank.what) == (2, "no id in 1 row (2)") and "remove the rows" in blank.remedy
    assert twice.row == 1 and "'a' in rows 1, 4, 7; 'b' in rows 3, 5" in twice.what and "one row a case" in twice.remedy


def test_date_columns():
    assert checks.check_dates(text("2024-05-01", "2024-06-01"), "d", "data.time", FILE) == []
    problem = only(checks.check_dates(text("soon", "2024-06-01"), "d", "data.cutoff", FILE))
    assert "not a column of dates (such as 'soon')" in problem.what and "data.cutoff" in problem.remedy
    blank, odd = checks.check_dates(text(*["2024-05-01"] * 40, None, "2024-02-30"), "d", "data.time", FILE)
    assert (blank.row, odd.row) == (41, 42) and "'2024-02-30'" in odd.what


def test_cutoff_days_out_of_range():
    for days in (1e9, float("nan")):
        assert (
            "data.cutoff.days" in only(checks.check_cutoff_days(config_of(cutoff={"column": "d", "days": days}))).what
        )


def classes(y, group=None, split=None, **validation):
    config = config_of({"split_column": "part" if split else None, **validation}, group="account" if group else None)
    series = [None if values is None else pd.Series(values, dtype="str") for values in (group, split)]
    return checks.check_classes(pd.Series(y, dtype="int8").to_numpy(), *series, config, FILE)


def test_too_few_cases_of_a_class():
    assert classes([0] * 50 + [1] * 7) == []
    problem = only(classes([0] * 50 + [1] * 6))
    assert problem.what == "only 6 positive cases, but 5 folds and the holdout need 7"
    assert "validation.folds (now 5)" in problem.remedy


def test_too_few_groups_of_a_class():
    problem = only(classes([0] * 50 + [1] * 50, group=[*map(str, range(50)), *["x", "y"] * 25]))
    assert "only 2 groups with positive cases" in problem.what


def test_group_that_holds_one_whole_class():
    problem = only(classes([0] * 50 + [1] * 50, group=[*map(str, range(50)), *["ACME"] * 50]))
    assert (problem.column, problem.file) == ("account", FILE)
    assert "group 'ACME' holds all 50 positive cases" in problem.what and "finer column" in problem.remedy


def test_cases_without_group_are_groups_of_their_own():
    assert classes([0] * 50 + [1] * 50, group=[None] * 100) == []


def test_split_column():
    parts = ["holdout", "a", "b"] * 2
    assert classes([0, 0, 0, 1, 1, 1], split=parts) == []
    assert "'b' holds cases of one class only" in only(classes([0, 0, 1, 1, 1, 1], split=parts)).what
    missing, near = classes([0, 0, 0, 0, 1, 1, 1, 1], split=["Holdout", "a", "b", None] * 2)
    assert missing.row == 4 and "no row says 'holdout'" in near.what and "instead of 'Holdout'" in near.remedy
    assert "fewer than two folds" in only(classes([0, 0, 1, 1], split=["holdout", "a"] * 2)).what
