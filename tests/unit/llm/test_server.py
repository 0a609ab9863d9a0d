"""Which server and which key: from the environment or a file outside the project, and what is wrong with them in one message."""

import pandas as pd
import pytest

from nightshift.config import parse_config
from nightshift.config_agent import Agent
from nightshift.errors import InputError
from nightshift.llm.hiding import hiding
from nightshift.llm.privacy import Mask, masked, without_values
from nightshift.llm.server import hint_of, problems_of, server_of

KEY = "sk-in-a-test"


def test_model_address_and_key_come_from_the_environment_or_the_configuration():
    environment = {"OPENAI_API_KEY": KEY, "NIGHTSHIFT_MODEL": "a", "OPENAI_BASE_URL": "http://here/v1"}
    server = server_of(Agent(), environment)
    assert (server.model, server.base_url, server.key, server.hosted) == ("a", "http://here/v1", KEY, False)
    assert KEY not in repr(server) and server.clean(f"no {KEY} here") == "no [key] here"
    server = server_of(Agent(model="b", base_url="http://there/v1", key_env="MINE"), {**environment, "MINE": "other"})
    assert (server.model, server.base_url, server.key) == ("b", "http://there/v1", "other")
    assert server_of(Agent(model="b"), {"OPENAI_API_KEY": KEY}).hosted
    assert server_of(Agent(model="b"), {}) is None and server_of(Agent(), {"OPENAI_API_KEY": KEY}) is None


def test_a_key_file_lies_outside_the_project(tmp_path):
    (tmp_path / "project").mkdir()
    for place in ("project/key", "key"):
        (tmp_path / place).write_text(f"{KEY}\n")
    outside, inside = (Agent(model="m", key_file=str(tmp_path / place)) for place in ("key", "project/key"))
    assert server_of(outside, {}).key == KEY and not problems_of(outside, {}, tmp_path / "project")
    assert "lies inside the project" in str(problems_of(inside, {}, tmp_path / "project")[0])
    gone = Agent(model="m", key_file=str(tmp_path / "gone"))
    assert "there is no file" in str(problems_of(gone, {}, tmp_path / "project")[0])


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ({"backend": "hybrid"}, "agent.backend hybrid has no server to ask"),
        ({"model": "m", "budget": {"money": 3}}, "agent.budget.money needs the price of m"),
        ({"replay": True}, "agent.replay does not know which model's answers"),
        ({"base_url": "http://user:secret@host/v1"}, "agent.base_url holds a user or password"),
    ],
)
def test_what_is_wrong_is_said_with_a_remedy(agent, said):
    told = [str(problem) for problem in problems_of(Agent(**agent), {})]
    assert len(told) == 1 and said in told[0] and "\n    -> " in told[0] and "secret" not in told[0]


def test_a_key_in_the_configuration_is_refused_and_not_repeated():
    data = {"cases": "c", "id": "i", "target": "t"}
    with pytest.raises(InputError, match="a key never stands in a file of the project") as refused:
        parse_config({"data": data, "agent": {"api_key": KEY}})
    assert KEY not in str(refused.value)


def test_masks_leave_amounts_dates_and_ids():
    kept = "on 2026-05-04 10:30, or 4.5.2026, we paid 12,500 for 300 seats, deal 48213, version 3.11.4"
    assert masked(kept) == kept
    assert masked("call 030 901820-44 or +1 (555) 010-9999") == "call [phone] or [phone]"
    assert masked("Ann Lee and Anna", ["Ann Lee"]) == "[name] and Anna"
    assert without_values("column 'q' of case 'D17' is 3.5, row 12") == "column '...' of case '...' is #, row #"


def test_masks_know_names_in_any_number_and_shape():
    mask = Mask(
        ["Zoe Quill", "Li Wu", "Anne-Marie O'Neill", *(f"Person{number} Nobody{number}" for number in range(50_000))]
    )
    assert mask("zoe Quill's deal, QUILL said; Li Wu too") == "[name]'s deal, [name] said; [name] too"
    assert mask("Anne-Marie met person49999; lithium, quilling") == "[name] met [name]; lithium, quilling"


def test_names_of_all_cases_are_hidden_from_a_conversation(tmp_path):
    place = tmp_path / "results/data/development"
    place.mkdir(parents=True)
    pd.DataFrame({"case_id": ["a", "b"], "contact": ["Zoe Quill", None]}).to_parquet(place / "cases.parquet")
    hide = hiding(Agent(mask_names=("contact", "gone")), tmp_path)
    assert hide("contact = Zoe Quill: AUC 0.4, zq@example.org") == "contact = [name]: AUC 0.4, [email]"
    assert hiding(Agent(), tmp_path)("Zoe Quill") == "Zoe Quill"


def test_a_key_without_a_model_is_no_secret():
    key = {"OPENAI_API_KEY": KEY}
    assert "a key in $OPENAI_API_KEY, but no model is named. set agent.model" in hint_of(Agent(), key).replace(
        "Set", "set"
    )
    assert KEY not in hint_of(Agent(), key)
    for agent, environment in ((Agent(model="m"), key), (Agent(backend="search"), key), (Agent(), {})):
        assert hint_of(agent, environment) == ""
