"""Nights with a language model against a scripted server: whatever it says or fails to say, there are 12 rows."""

import json
import shutil

import pytest
from stub_night import comparable, lay_out, night_config, run_night, score

from model_server import FAULTS, KEY, an_answer, model_server, tool_call
from nightshift.agents.hybrid import turn_of_model
from nightshift.agents.propose import propose
from nightshift.files import read_json
from nightshift.llm.errors import ReplayMissing
from nightshift.llm.server import backend_of
from nightshift.llm.store import PLACE
from nightshift.names import name_of

QUICK = {"model": "m", "timeout": 20, "tries": 1}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)


def different(body, more=""):
    """A valid answer that no other proposal gives."""
    number = int(body["messages"][1]["content"].rsplit("exp-", 1)[1][:4])
    return json.dumps(an_answer(f"Idea number {number}{more}.", {"kind": "logistic", "c": 0.01 * (number + 1)}))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_night_against_each_fault_ends_with_twelve_rows(tmp_path, fault):
    with model_server(lambda body: FAULTS[fault]()) as server:
        seconds = 0.4 if fault in ("hang", "drip") else 20
        config = night_config(backend="llm", base_url=server.url, **{**QUICK, "timeout": seconds})
        rows = run_night(tmp_path, config)
        assert len(server.asked) >= (4 if fault == "very long" else 11), "what is too long empties the budget"
    assert [row["experiment"] for row in rows] == [name_of(k) for k in range(12)]
    assert all(row["author"] == "search" and row["fallback"] for row in rows[1:])
    ledger = (tmp_path / "results/ledger.tsv").read_text()
    assert ledger.count("[in the model's place: ") == 11
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes(), f"the key is in {path}"


def test_a_silent_server_is_tried_less_until_it_answers(tmp_path):
    gone = [True]
    with model_server(lambda body: FAULTS["500"]() if gone[0] else different(body)) as server:
        config = night_config(6, backend="llm", base_url=server.url, **{**QUICK, "tries": 3})
        run_night(tmp_path, config.model_copy(update={"search": config.search.model_copy(update={"experiments": 3})}))
        assert len(server.asked) == 3 + 1
        gone[0] = False
        rows = run_night(tmp_path, config, start=3)
    assert [row["author"] for row in rows] == ["baseline", "search", "search", "model", "model", "model"]


def test_a_model_that_answers_writes_the_ledger(tmp_path):
    with model_server(different) as server:
        rows = run_night(tmp_path, night_config(6, backend="llm", base_url=server.url, **QUICK))
        assert not server.twice() and len(server.asked) == 5
    assert [row["author"] for row in rows] == ["baseline"] + ["model"] * 5
    assert [row["hypothesis"] for row in rows[1:]] == [f"Idea number {k}." for k in range(1, 6)]
    assert all(row["tokens"] > 100 and row["money"] == 0 for row in rows[1:]) and rows[0]["tokens"] is None
    assert all(row["parent"] for row in rows[1:])


def test_in_a_hybrid_night_the_model_goes_on_where_the_search_knows_nothing_new(tmp_path):
    narrow = {"learners": ["ridge", "logistic"], "moves": ["prune"]}
    with model_server(different) as server:
        config = night_config(30, backend="hybrid", share=0.01, base_url=server.url, **QUICK, **narrow)
        rows = run_night(tmp_path, config)
    authors = [row["author"] for row in rows]
    assert "search" in authors and authors.count("model") > 1 and len(rows) == 30


def test_an_invalid_answer_goes_back_once_with_what_is_wrong(tmp_path):
    def second_time(body):
        return different(body) if len(body["messages"]) > 2 else FAULTS["unknown learner"]()

    with model_server(second_time) as server:
        rows = run_night(tmp_path, night_config(3, backend="llm", base_url=server.url, **QUICK))
        last = server.of("chat/completions")[-1]["messages"][-1]["content"]
    assert [row["author"] for row in rows] == ["baseline", "model", "model"]
    assert "quantum" in last and "logistic" in last


def test_a_duplicate_is_refused_with_the_reason(tmp_path):
    with model_server(lambda body: json.dumps(an_answer())) as server:
        rows = run_night(tmp_path, night_config(4, backend="llm", base_url=server.url, **QUICK))
        said = [body["messages"][-1]["content"] for body in server.of("chat/completions")]
    assert [row["author"] for row in rows] == ["baseline", "model", "search", "search"]
    assert any("it is the same experiment as exp-0001" in text for text in said)
    assert "no valid answer in 2 tries: it is the same experiment as exp-0001" in rows[2]["fallback"]


def test_in_a_hybrid_night_the_model_has_its_share_and_sees_the_optimizer(tmp_path):
    with model_server(different) as server:
        rows = run_night(tmp_path, night_config(12, base_url=server.url, **QUICK, research={"memos": 0}))
        told = server.of("chat/completions")[-1]["messages"][1]["content"]
    assert [k for k, row in enumerate(rows) if row["author"] == "model"] == [4, 7, 10]
    assert "Moves of the search, kept of tried" in told and "Never used so far" in told
    turns = [k for k in range(100) if turn_of_model(k, "hybrid", 0.3)]
    assert len(turns) == 29 and not any(turn_of_model(k, "hybrid", 0.0) for k in range(100))
    assert all(turn_of_model(k, "hybrid", 1.0) for k in range(1, 100)) and not turn_of_model(0, "llm", 1.0)


def test_who_proposes_when_nobody_says():
    environment = {"OPENAI_API_KEY": KEY}
    agent = night_config().agent
    assert backend_of(agent, environment) == "search", "a key without a model is not asked for"
    assert backend_of(agent, environment | {"NIGHTSHIFT_MODEL": "m"}) == "hybrid"
    assert backend_of(night_config(model="m").agent, {}) == "search", "a model without a key"
    assert backend_of(night_config(model="m", base_url="http://localhost:1").agent, {}) == "hybrid"
    assert backend_of(night_config(model="m", backend="search").agent, environment) == "search"


def test_a_night_that_goes_on_asks_nothing_again_and_ends_alike(tmp_path):
    with model_server(different) as server:
        config = night_config(8, backend="llm", base_url=server.url, **QUICK)
        whole = run_night(tmp_path / "whole", config)
        asked = len(server.asked)
        shutil.copytree(tmp_path / "whole", tmp_path / "killed")
        for number in range(4, 8):  # killed after the answer was kept, before the proposal was written
            shutil.rmtree(tmp_path / "killed/results/experiments" / name_of(number))
            (tmp_path / "killed/results/history" / f"{name_of(number)}.json").unlink()
        again = run_night(tmp_path / "killed", config, start=4)
        assert len(server.asked) == asked
    assert comparable(again) == comparable(whole)


def test_a_replay_gives_the_same_ledger_with_the_server_gone(tmp_path):
    scripts = iter(["429", "invalid JSON", "schema violation", "refusal"] * 20)
    with model_server(lambda body: different(body) if hash(str(body)) % 2 else FAULTS[next(scripts)]()) as server:
        config = night_config(8, backend="llm", base_url=server.url, **QUICK)
        (tmp_path / "one/config/experiments").mkdir(parents=True)
        (tmp_path / "one/config/program.md").write_text("Think of short calls.")
        by_hand = {"views": {"w": {"kind": "table"}}, "bases": {"b": {"views": ["w"], "learner": {"kind": "ridge"}}}}
        (tmp_path / "one/config/experiments/a.yaml").write_text(json.dumps(by_hand))
        recorded = run_night(tmp_path / "one", config)
    assert recorded[1]["author"] == "human"
    (tmp_path / "two/results/agent").mkdir(parents=True)
    shutil.copy(tmp_path / "one" / PLACE, tmp_path / "two" / PLACE)
    replay = night_config(8, backend="llm", replay=True, **QUICK)
    assert comparable(run_night(tmp_path / "two", replay)) == comparable(recorded)
    longer = night_config(9, backend="llm", replay=True, **QUICK)
    with pytest.raises(ReplayMissing, match="does not say what exp-0008 saw"):
        run_night(tmp_path / "two", longer, start=8)


def replayed(tmp_path, config):
    """The ledger of a replay in a folder that has nothing but the answers, and no guidance and no queue."""
    root = tmp_path / f"replay-{len(list(tmp_path.iterdir()))}"
    (root / "results/agent").mkdir(parents=True)
    shutil.copy(tmp_path / "night" / PLACE, root / PLACE)
    agent = config.agent.model_copy(update={"replay": True, "base_url": None})
    return comparable(run_night(root, config.model_copy(update={"agent": agent})))


def moves_of(root):
    return {
        path.stem: read_json(path)["draw"].get("move") for path in sorted((root / "results/history").glob("*.json"))
    }


@pytest.mark.parametrize("backend", ["llm", "search"])
def test_a_replay_steadies_the_champion_where_the_night_did(tmp_path, backend):
    night = tmp_path / "night"
    with model_server(different) as server:
        config = night_config(22, backend=backend, base_url=server.url, **QUICK)
        run_night(night, config)
        longer = config.model_copy(update={"search": config.search.model_copy(update={"experiments": 25})})
        (night / "config").mkdir()
        (night / "config/program.md").write_text(
            "veto: steady"
        )  # later than the first end, and not there in the replay
        recorded = run_night(night, longer, start=22)
    moves = moves_of(night)
    assert moves["exp-0021"] == "steady" and "steady" not in (moves["exp-0020"], moves["exp-0024"])
    assert replayed(tmp_path, longer) == comparable(recorded)
    assert replayed(tmp_path, config) == comparable(recorded[:22])


def test_a_replay_ends_where_the_night_was_stopped(tmp_path):
    night, again = tmp_path / "night", tmp_path / "again"
    with model_server(different) as server:
        config = night_config(22, backend="llm", base_url=server.url, **QUICK)
        longer = config.model_copy(update={"search": config.search.model_copy(update={"experiments": 30})})
        run_night(night, config)  # its last is steady, which is not done twice in a row
        (night / "config").mkdir()
        (night / "config/STOP").touch()
        propose(name_of(22), longer, night)
    (again / "results/agent").mkdir(parents=True)
    shutil.copy(night / PLACE, again / PLACE)
    run_night(again, night_config(22, backend="llm", replay=True, **QUICK))
    propose(name_of(22), night_config(30, backend="llm", replay=True, **QUICK), again)
    for root in (night, again):
        assert "config/STOP" in read_json(root / "results/experiments/exp-0022/plan.json")["stopped"]
        assert not (root / "results/history/exp-0022.json").exists()


def test_a_file_that_is_refused_does_not_take_the_place_of_the_last_experiment(tmp_path):
    config = night_config(22, backend="search")
    lay_out(tmp_path)
    for number in range(22):
        if number == 21:
            (tmp_path / "config/experiments").mkdir(parents=True)
            (tmp_path / "config/experiments/a.yaml").write_text("views: {w: {kind: tabel}}")
        propose(name_of(number), config, tmp_path)
        score(tmp_path, number)
    last = read_json(tmp_path / "results/history/exp-0021.json")
    assert last["draw"] == {"move": "steady"} and list(last["refused"]) == last["queue"] == ["a.yaml"]


def test_the_prompt_holds_no_value_of_a_cell_unless_it_may(tmp_path):
    by_hand = {
        "hypothesis": "Cases with \"region\" = 'Atlantis' follow rules of their own.",
        "views": {"w": {"kind": "table"}},
        "bases": {"b": {"views": ["w"], "learner": {"kind": "ridge"}, "segment": "\"region\" = 'Atlantis'"}},
    }
    for send, sent in (("metrics", False), ("columns", True)):
        root = tmp_path / send
        (root / "config/experiments").mkdir(parents=True)
        (root / "config/experiments/a.yaml").write_text(json.dumps(by_hand))
        with model_server(different) as server:
            run_night(root, night_config(5, backend="llm", base_url=server.url, send=send, **QUICK))
            told = json.dumps(server.of("chat/completions"))
        assert (("Atlantis" in told) is sent and "region (category)" in told and "(a segment)" in told) or sent


def test_the_model_may_ask_for_a_memo_and_follow_it(tmp_path):
    def asks(body):
        last = body["messages"][-1]
        if "Write the memo now" in str(last["content"]):
            findings = {"title": "Short calls", "findings": "They say little.", "sources": [], "idea": "Record longer."}
            return json.dumps(
                {**findings, "experiment": an_answer("The memo's idea.", {"kind": "ridge", "alpha": 3.0})}
            )
        if body["messages"][0]["content"].startswith("You are a research colleague"):
            return tool_call("ledger") if last["role"] == "user" else "I know enough."
        if last["role"] == "tool":
            return json.dumps(an_answer("As the memo says.", {"kind": "ridge", "alpha": 3.0}, memo="memo-001"))
        if "exp-0003." in last["content"] and "research" in str(body.get("tools")):
            return tool_call("research", question="What of short calls?")
        return different(body)

    with model_server(asks) as server:
        rows = run_night(tmp_path, night_config(6, backend="llm", base_url=server.url, **QUICK))
        assert not server.twice()
        later = server.of("chat/completions")[-1]["messages"][1]["content"]
    assert [row["memo"] for row in rows] == [None, None, None, "memo-001", None, None]
    assert "memo-001: Short calls" in later
    page = (tmp_path / "results/research/memo-001.md").read_text()
    assert "What of short calls?" in page and "They say little." in page and "kind: ridge" in page
    assert "Record longer." in (tmp_path / "results/research/idea-001.md").read_text()
    assert [memo["id"] for memo in read_json(tmp_path / "results/experiments/exp-0003/memos.json")] == ["memo-001"]
    kept = read_json(tmp_path / "results/history/exp-0004.json")["consumed"]
    assert kept["memos"] == ["memo-001"] and kept["guidance"] is None


def test_pins_and_vetoes_count_from_the_next_proposal_on(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/program.md").write_text("- veto: logistic\n- pin: exp-0002\nveto: words\n")
    with model_server(different) as server:
        rows = run_night(tmp_path, night_config(3, backend="llm", base_url=server.url, **QUICK))
        told = server.of("chat/completions")
    assert rows[1]["author"] == "search" and "vetoed" in told[-1]["messages"][-1]["content"]
    assert '"logistic"]' not in json.dumps(told[0]["response_format"]["json_schema"]["schema"]["$defs"]["BaseSpec"])
    config = night_config(20, parallel=1, backend="search", research={"memos": 0})
    run_night(
        tmp_path / "search", config.model_copy(update={"search": config.search.model_copy(update={"experiments": 8})})
    )
    (tmp_path / "search/config").mkdir()
    (tmp_path / "search/config/program.md").write_text("veto: logistic\npin: exp-0000\n")
    run_night(tmp_path / "search", config, start=8)
    after = [read_json(tmp_path / f"search/results/history/{name_of(k)}.json")["experiment"] for k in range(8, 20)]
    assert not any(base["learner"]["kind"] == "logistic" for one in after for base in one["bases"].values())
    assert sum(one["parent"] == "exp-0000" for one in after) >= 6
