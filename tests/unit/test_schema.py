"""Kinds of columns, and rows cast alike whenever and with whomever they come."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.data.schema import Schema, apply_schema, infer_schema
from nightshift.data.tables import table_of_frame

NOTES = [f"the customer number {i} asked for a better price today" for i in range(10)]
KINDS = {
    "numeric": ["1", "-2.5", "1e3", " 4 ", "", "n/a", ".5", "7", "8", "9"],
    "numeric_money": ["$1,200.50", "€ 3", "4 %", "1,000,000", "5", "6", "7", "8", "9", "10"],
    "boolean": ["Yes", "no", "YES", "", "no", "no", "no", "no", "no", "no"],
    "boolean_json": ["true", "False", "true", "true", "true", "true", "true", "true", "true", "true"],
    "datetime": ["2024-05-01", "2024-05-01T10:00:00Z", "9999-12-31", "", "2024-05-01 10:00"] * 2,
    "datetime_us": ["05/31/2024", "12/01/2023"] * 5,
    "datetime_german": ["31.05.2024", "01.12.2023"] * 5,
    "category": ["a", "b", "a ", "", "b", "a", "b", "a", "b", "a"],
    "category_postal": ["01234", "90210", "10115", "20095", "80331", "50667", "60311", "70173", "40213", "44135"],
    "category_long": ["some two year college degree", "high school and nothing else"] * 5,
    "text": NOTES,
    "empty": [""] * 10,
    "empty_constant": ["same"] * 10,
}


def infer(columns, dated=()):
    table = table_of_frame(pd.DataFrame(columns), "cases")
    return table, *infer_schema(table, table.column_names, dated)


@pytest.mark.parametrize("name", KINDS)
def test_kinds(name):
    _, schema, _ = infer({name: KINDS[name]})
    assert schema.columns == {name: name.split("_")[0]}


def test_casts():
    table, schema, warnings = infer(KINDS)
    frame, lost = apply_schema(table, schema)
    assert list(frame) == [name for name in KINDS if not name.startswith("empty")]
    assert frame["numeric"].tolist()[:4] == [1, -2.5, 1000, 4] and frame["numeric"][4:6].isna().all()
    assert frame["numeric_money"].tolist()[:4] == [1200.5, 3, 4, 1_000_000]
    assert frame["boolean"].tolist()[:3] == [1, 0, 1] and np.isnan(frame["boolean"][3])
    assert frame["datetime"].dtype == "datetime64[us]" and frame["datetime"][2] == pd.Timestamp("9999-12-31")
    assert frame["datetime_us"][0] == frame["datetime_german"][0] == pd.Timestamp("2024-05-31")
    assert frame["category"].tolist()[:3] == ["a", "b", "a"] and pd.isna(frame["category"][3])
    assert lost == []
    assert any("empty, empty_constant" in text for text in warnings)


def test_zones_become_utc():
    _, schema, _ = infer({"d": ["2024-05-01T10:00:00+02:00", "2024-05-01 10:00:00.123456789 UTC", "2024-05-02"]})
    frame, _ = apply_schema(pd.DataFrame({"d": ["2024-05-01T10:00:00+02:00", "2024-05-01 10:00 UTC"]}), schema)
    assert frame["d"].tolist() == [pd.Timestamp("2024-05-01 08:00"), pd.Timestamp("2024-05-01 10:00")]


def test_ambiguous_days_are_said():
    _, schema, warnings = infer({"d": ["01/02/2024", "03/04/2024"]})
    assert schema.formats == {"d": "%m/%d/%Y"} and "day and month" in warnings[0]


def test_new_rows_missing_columns_and_strange_values():
    _, schema, _ = infer({"n": ["1", "2"], "c": ["a", "b"], "d": ["2024-05-01", "2024-05-02"]})
    frame, warnings = apply_schema(
        pd.DataFrame({"n": ["many", "3"], "c": ["unseen", None], "extra": [1, 2]}), schema, "new"
    )
    assert frame["n"].tolist()[1] == 3 and np.isnan(frame["n"][0])
    assert frame["c"][0] == "unseen" and frame["d"].isna().all()
    assert warnings == [
        "new: column 'n': 1 values (such as 'many') are not numeric; taken as missing",
        "new: column 'd' is missing; taken as missing values",
    ]


def test_json_round_trip():
    _, schema, _ = infer(KINDS)
    assert Schema.from_json(schema.to_json()) == schema
    assert list(Schema.from_json(schema.to_json()).columns) == list(KINDS)


def test_a_feature_called_case_id_gets_a_free_name():
    table, schema, warnings = infer({"case_id": ["1", "2"], "case_id_": ["x", "y"]})
    assert schema.columns == {"case_id__": "numeric", "case_id_": "category"}
    assert apply_schema(table, schema)[0]["case_id__"].tolist() == [1, 2]
    assert "'case_id__'" in warnings[0]


@settings(max_examples=40, deadline=None, database=None)
@given(
    st.lists(st.sampled_from([v for k in KINDS.values() for v in k] + ["\u202eabc", "=1+1", "\0"]), min_size=2),
    st.data(),
)
def test_each_row_is_cast_by_itself(values, data):
    table = pa.table({name: pa.array(values, pa.large_string()) for name in KINDS})
    schema = infer(KINDS)[1]
    rows = data.draw(st.lists(st.integers(0, len(values) - 1), min_size=1, max_size=5))
    whole, _ = apply_schema(table, schema)
    part, _ = apply_schema(table.take(rows), schema)
    pd.testing.assert_frame_equal(part, whole.take(rows).reset_index(drop=True))
