"""config/config.yaml: every mistake is said, with the key and a remedy."""

from math import inf
from typing import get_args

import pytest
import yaml

from nightshift.agents.deadline import START, STOP, deadline_after, reason_to_stop, seconds_left
from nightshift.config import Config, Search, parse_config
from nightshift.errors import InputError, NightshiftError
from nightshift.files import write_json
from nightshift.identity import IDENTITY, check_identity, identity_of
from nightshift.schemas import FOLDER

DATA = {"cases": "cases.csv", "id": "id", "target": "won"}


def test_three_keys_are_enough():
    config = parse_config({"data": DATA})
    assert (config.search.experiments, config.validation.holdout, config.search.metric) == (24, 0.2, "roc_auc")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "key 'data' is missing"),
        ({"data": {"cases": "x", "id": "i"}}, "key 'data.target' is missing"),
        ({"data": DATA, "serch": {}}, "did you mean 'search'?"),
        ({"data": {**DATA, "grup": "g"}}, "did you mean 'data.group'?"),
        ({"data": DATA, "search": {"experiments": 0}}, "search.experiments"),
        ({"data": DATA, "search": {"metric": "accuracy"}}, "'roc_auc', 'average_precision' or 'log_loss'"),
        ({"data": DATA, "validation": {"holdout": 1.5}}, "validation.holdout"),
        ({"data": DATA, "validation": {"folds": "many"}}, "found 'many'"),
        ({"data": DATA, "search": {"deadline": "soon"}}, "a clock time such as '07:00'"),
        ({"data": {**DATA, "time": "day"}, "validation": {"repeats": 3}}, "leave it at 1"),
        ({"data": {**DATA, "cutoff": {"colum": "day"}}}, "data.cutoff"),
    ],
)
def test_what_is_wrong_is_said(content, said):
    with pytest.raises(InputError) as error:
        parse_config(content)
    assert said in str(error.value)
    assert "config/config.yaml" in str(error.value) and "->" in str(error.value)


def test_all_problems_at_once():
    with pytest.raises(InputError, match="3 problems"):
        parse_config({"data": {"cases": "x", "id": "i"}, "serch": {}, "search": {"seed": -1}})


def test_the_shipped_config_is_valid():
    shipped = FOLDER.parents[1] / "config" / "config.yaml"
    assert parse_config(yaml.safe_load(shipped.read_text())).search.experiments == 12


def test_every_key_is_in_the_reference():
    reference = (FOLDER.parents[1] / "config" / "README.md").read_text()
    for section, field in Config.model_fields.items():
        (model,) = [kind for kind in (field.annotation, *get_args(field.annotation)) if hasattr(kind, "model_fields")]
        for key in model.model_fields:
            assert f"`{key}`" in reference or f"`{section}.{key}`" in reference, f"{section}.{key}"


def test_deadlines():
    evening = 1_750_000_000.0
    assert deadline_after(evening, "90m") == evening + 5400
    assert deadline_after(evening, "1.5h") == evening + 5400
    assert 0 < deadline_after(evening, "07:00") - evening <= 86_400


def test_reasons_to_stop(tmp_path):
    search = Search(deadline="1h")
    assert reason_to_stop(3, search, tmp_path) is None and seconds_left(search, tmp_path) == inf
    write_json(tmp_path / START, {"start": 0.0})
    assert "deadline 1h" in reason_to_stop(3, search, tmp_path) and seconds_left(search, tmp_path) < 0
    assert reason_to_stop(0, search, tmp_path) is None, "the baseline is always made"
    (tmp_path / "config").mkdir()
    (tmp_path / STOP).touch()
    assert "config/STOP" in reason_to_stop(3, Search(), tmp_path)


def test_a_usual_experiment_must_fit_before_the_deadline(tmp_path):
    import os
    import time

    now = time.time()
    write_json(tmp_path / START, {"start": now})
    for number in range(3):
        folder = tmp_path / f"results/experiments/exp-{number:04d}"
        # Work that others had done before counts for nothing.
        write_json(folder / "metrics.json", {"seconds": 5000.0})
        write_json(folder / "plan.json", {})
        os.utime(folder / "plan.json", (now - 500, now - 500))
    assert reason_to_stop(3, Search(deadline="10m"), tmp_path) is None
    assert "deadline" in reason_to_stop(3, Search(deadline="8m"), tmp_path)


def test_identity(tmp_path):
    config = parse_config({"data": DATA})
    (tmp_path / "cases.csv").write_text("id,won\n1,0\n")
    check_identity(config, tmp_path)
    write_json(tmp_path / IDENTITY, identity_of(config, tmp_path))
    check_identity(config, tmp_path)
    check_identity(parse_config({"data": DATA, "search": {"experiments": 99, "parallel": 2}}), tmp_path)
    changes = {
        "seed (search.seed)": {"data": DATA, "search": {"seed": 1}},
        "split (validation.*)": {"data": DATA, "validation": {"folds": 3}},
        "metric (search.metric)": {"data": DATA, "search": {"metric": "log_loss"}},
        "meaning of columns (data.*)": {"data": {**DATA, "drop": ["x"]}},
    }
    for said, content in changes.items():
        with pytest.raises(NightshiftError, match="nightshift archive") as error:
            check_identity(parse_config(content), tmp_path)
        assert said in str(error.value)
    (tmp_path / "cases.csv").write_text("id,won\n1,1\n2,0\n")
    with pytest.raises(NightshiftError, match=r"cases \(data.cases\)"):
        check_identity(config, tmp_path)
