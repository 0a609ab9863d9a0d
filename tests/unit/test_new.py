"""New rows for a prediction: every mistake in one message, and the moment of the prediction."""

import pandas as pd
import pytest
from test_ingest import config_of, deals, talk

from nightshift.data.ingest import ingest
from nightshift.data.new import read_new
from nightshift.errors import InputError


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Schema and Data of a night with a cutoff."""
    folder = tmp_path_factory.mktemp("trained")
    deals().to_csv(folder / "cases.csv", index=False)
    talk().to_csv(folder / "turns.csv", index=False)
    config = config_of(transcripts="turns.csv", cutoff="closed", drop=["reason"])
    return ingest(config, folder).schema, config.data


def message(*arguments, **options):
    with pytest.raises(InputError) as error:
        read_new(*arguments, **options)
    return str(error.value)


def test_all_that_is_wrong_is_said_at_once(trained, tmp_path):
    rows = deals(4).drop(columns="won").rename(columns={"amount": "Amount", "closed": "closed on"})
    rows["deal"] = ["000", "001", "001", None]
    rows.to_csv(tmp_path / "new.csv", index=False)
    said = message(tmp_path / "new.csv", tmp_path / "calls", *trained, as_of="soon")
    assert said.startswith("6 problems to mend before these cases can be predicted:")
    for part in (
        "'soon' is no date",
        "column 'deal', row 4: no id in 1 row (4)",
        "1 id stands more than once: '001' in rows 2, 3",
        "column 'amount': no such column",
        "is it 'Amount'?",
        "column 'closed': no such column",
        "is it 'closed on'?",
        "calls: no such file",
    ):
        assert part in said, said


def test_a_missing_id_is_said_with_the_nearest_name(trained):
    said = message(deals(2).rename(columns={"deal": "deal_id"}), None, *trained)
    assert "column 'deal': no such column" in said and "is it 'deal_id'?" in said


def test_a_column_of_another_type_is_refused_and_a_single_odd_value_is_not(trained):
    said = message(deals(3).assign(amount=["a lot", "little", None], closed="some day"), None, *trained)
    assert "column 'amount': not one value is a number, such as 'a lot'" in said
    assert "column 'closed': not one value is a date" in said
    cases, _, notes = read_new(deals(3).assign(amount=["a lot", "2", ""]), talk(3), *trained)
    assert cases["amount"].tolist()[1] == 2 and "1 values (such as 'a lot') are not numeric" in notes[0]
    # A column that is empty says nothing; that is no other type.
    assert read_new(deals(3).assign(amount=None), talk(3), *trained)[0]["amount"].isna().all()


def test_missing_columns_can_be_allowed(trained):
    cases, _, notes = read_new(deals(3).drop(columns="amount"), talk(3), *trained, allow_missing=True)
    assert cases["amount"].isna().all() and "column 'amount' is missing" in notes[0]


def test_calls_that_are_not_there_are_refused_or_said(trained):
    schema, data = trained
    said = message(deals(3), None, schema, data)
    assert (
        "transcripts: the model learned from calls, and none are given" in said
        and "name them, or use --allow-missing" in said
    )
    others = talk(3).assign(deal="ghost")
    said = message(deals(3), others, schema, data)
    assert "no turn belongs to a known case; turns name 'ghost'" in said
    assert (
        "cases are named such as '000', '001', '002'; use the same ids (data.id is 'deal'), or use --allow-missing"
        in said
    )
    for transcripts in (None, others):
        _, turns, notes = read_new(deals(3), transcripts, schema, data, allow_missing=True)
        assert len(turns) == 0 and "predicted as if nobody had called" in notes[0]
    columns = data.model_copy(update={"transcripts": None, "transcript_columns": ["call"]})
    assert (
        "column 'call': no such column" in (said := message(deals(3), None, schema, columns))
        and "none are given" not in said
    )
    assert "none are given" in read_new(deals(3), None, schema, columns, allow_missing=True)[2][0]
    assert read_new(deals(3).assign(call="Rep: hi"), None, schema, columns)[2][0].startswith(
        "transcripts: 3 turns say no time"
    )
    both = data.model_copy(update={"transcript_columns": ["call"]})
    assert "none are given" not in str(read_new(deals(3).assign(call="Rep: hi"), None, schema, both)[2])
    assert "there is no turn; cases without a call" in read_new(deals(3), talk(0), schema, data)[2][0]
    assert read_new(deals(3), None, schema, data, hears=False)[2] == [], "a champion that reads no calls"
    # Some cases without a call are as they were in training, and a model of a table alone asks for none.
    assert set(read_new(deals(3), talk(1), schema, data)[1]["case_id"]) <= {"000"}
    assert read_new(deals(3), None, schema, data.model_copy(update={"transcripts": None}))[2] == []


def test_no_row_is_a_problem(trained):
    assert "no row" in message(deals(0), None, *trained)


def dated(*days):
    return pd.DataFrame({"deal": ["000"] * len(days), "text": [f"day {day}" for day in days], "time": days})


def test_as_of_leaves_later_turns_out_and_keeps_the_cutoff(trained):
    turns = dated("2024-04-01", "2024-04-20", "2024-05-20")
    row = deals(1).assign(closed="2024-05-01")

    def kept(**options):
        return read_new(row, turns, *trained, **options)[1]["text"].tolist()

    assert kept() == ["day 2024-04-01", "day 2024-04-20"], "the cutoff of training"
    assert kept(as_of="2024-04-10") == ["day 2024-04-01"]
    assert kept(as_of="2024-04-20") == ["day 2024-04-01", "day 2024-04-20"], "a day means its end"
    assert kept(as_of="2024-04-20T19:00:00-05:00") == ["day 2024-04-01", "day 2024-04-20"], "zones are known"
    assert kept(as_of="2024-12-31") == ["day 2024-04-01", "day 2024-04-20"], "never later than the cutoff"


@pytest.mark.parametrize(
    "as_of",
    ["05.06.2024", "05/06/2024", "2024-05", "2024", "now", "today", "20240605", "2024-06-31", "2024-6-5", "14:00", ""],
)
def test_as_of_is_a_date_of_iso_8601_and_nothing_else(trained, as_of):
    said = message(deals(1).assign(closed="2024-05-01"), dated("2024-04-01"), *trained, as_of=as_of)
    assert f"{as_of!r} is no date" in said and "write as_of as 2024-05-31 or 2024-05-31T14:00" in said


def test_a_moment_of_as_of_is_no_day(trained):
    turns = dated("2024-04-10T13:30", "2024-04-10T15:30", "2024-04-10T23:30").assign(call=["a", "b", "c"])
    for as_of, kept in (
        (" 2024-04-10 ", 3),
        ("2024-04-10T14:00", 1),
        ("2024-04-10 16:00:00.5", 2),
        ("2024-04-10T16:00+02:00", 1),
    ):
        row = deals(1).assign(closed="2024-05-01")
        assert len(read_new(row, turns, *trained, as_of=as_of)[1]) == kept, as_of


def test_as_of_says_what_it_cannot_do_and_what_differs(trained):
    row = deals(1).assign(closed="2024-05-01")
    _, _, notes = read_new(row, dated("2024-04-01"), *trained, as_of="2024-04-10")
    assert "1 cases are predicted before their data.cutoff" in notes[0]
    undated = dated("2024-04-01").drop(columns="time")
    assert "no turn says when its call was held" in message(row, undated, *trained, as_of="2024-04-10")
    some = dated("2024-04-01", None).assign(call=["a", "b"])
    _, turns, notes = read_new(row, some, *trained, as_of="2024-04-10")
    assert len(turns) == 1 and any("say no time" in note for note in notes), "what has no date is never risked"
