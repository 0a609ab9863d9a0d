"""The client: every fault has a name, nothing is asked twice, the budget is hard, the key is nowhere."""

import contextlib
import json
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from model_server import FAULTS, KEY, Fault, model_server
from nightshift.config_agent import Agent
from nightshift.llm.client import Client
from nightshift.llm.errors import CallFailed, ReplayMissing
from nightshift.llm.store import PLACE, Store

HELLO = [{"role": "user", "content": "hello"}]
KIND = {
    "invalid JSON": "nonsense",
    "no choices": "nonsense",
    "HTML": "nonsense",
    "401": "auth",
    "400": "rejected",
    "429": "rate",
    "500": "server",
    "hang": "timeout",
    "cut": "connection",
    "drip": "timeout",
}


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def client():
    """Makes clients, and closes them in the end."""
    with contextlib.ExitStack() as stack:

        def make(server, root, **options):
            agent = Agent(**{"model": "m", "base_url": server.url, "timeout": 20, "tries": 2, **options})
            return stack.enter_context(Client(agent, "exp-0001", root))

        yield make


def test_an_answer_is_kept_and_never_asked_for_again(client, tmp_path):
    with model_server(lambda body: "hi") as server:
        assert client(server, tmp_path).chat(HELLO).content == "hi"
        assert client(server, tmp_path).chat(HELLO).content == "hi"
        assert len(server.asked) == 1 and server.keys == [f"Bearer {KEY}"]
    usage = Store(tmp_path).usage("exp-0001")
    assert usage.calls == 1 and usage.tokens > 0 and Store(tmp_path).usage("exp-0002").calls == 0


@pytest.mark.parametrize("fault", KIND)
def test_every_fault_has_a_name_and_holds_no_key(client, tmp_path, fault):
    with model_server(lambda body: FAULTS[fault]()) as server:
        start = time.monotonic()
        with pytest.raises(CallFailed) as failed:
            client(server, tmp_path, timeout=0.6 if KIND[fault] == "timeout" else 20).chat(HELLO)
        assert time.monotonic() - start < 15
        assert failed.value.kind == KIND[fault], failed.value
        assert KEY not in str(failed.value) and len(failed.value.reason) < 500
    content = (tmp_path / PLACE).read_bytes()
    assert KEY.encode() not in content
    assert Store(tmp_path).usage().calls == 0


def test_a_busy_server_is_asked_again_when_it_says(client, tmp_path):
    faults = iter([FAULTS["429 Retry-After"]()])
    with model_server(lambda body: next(faults, "at last")) as server:
        start = time.monotonic()
        assert client(server, tmp_path).chat(HELLO).content == "at last"
        assert 1.0 <= time.monotonic() - start < 3


def test_a_server_without_structured_output_is_asked_without(client, tmp_path):
    def plain(body):
        return FAULTS["400"]() if {"response_format", "tools"} & set(body) else "{}"

    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    with model_server(plain) as server:
        assert client(server, tmp_path).chat(HELLO, {"type": "object"}, [tool]).content == "{}"
        asked = [{"response_format", "tools"} & set(body) for body in server.of("chat/completions")]
        assert asked == [{"response_format", "tools"}, {"response_format"}, set()]


def test_what_a_server_has_refused_it_is_not_asked_again(client, tmp_path):
    """A thousand questions are a thousand requests, not two thousand; a replay finds them all the same."""

    def plain(body):
        return FAULTS["400"]() if "response_format" in body else "{}"

    asked = [[{"role": "user", "content": f"{number}"}] for number in range(4)]
    with model_server(plain) as server:
        asking = client(server, tmp_path)
        for messages in asked:
            assert asking.chat(messages, {"type": "object"}).content == "{}"
        assert len(server.asked) == 5
        asking.chat(asked[0], {"type": "array"})
        assert len(server.asked) == 6, "another schema may be one that it takes"
    replay = Client(Agent(model="m", replay=True), "exp-0001", tmp_path)
    assert [replay.chat(messages, {"type": "object"}).content for messages in asked] == ["{}"] * 4
    with pytest.raises(ReplayMissing):
        replay.chat([{"role": "user", "content": "new"}], {"type": "object"})


def test_a_request_that_may_have_been_paid_for_counts_as_spent(client, tmp_path):
    with model_server(lambda body: FAULTS["hang"]()) as server:
        asking = client(server, tmp_path, timeout=0.3, tries=1, budget={"tokens": 150}, answer_tokens=64)
        with pytest.raises(CallFailed) as late:
            asking.chat(HELLO)
        with pytest.raises(CallFailed) as over:
            asking.chat([{"role": "user", "content": "other"}])
    assert (late.value.kind, over.value.kind) == ("timeout", "budget")


def test_a_replay_fails_where_another_purpose_was_answered_later(client, tmp_path):
    said = iter([FAULTS["500"](), "late"])
    with model_server(lambda body: next(said)) as server:
        agent = Agent(model="m", base_url=server.url, tries=1)
        with Client(agent, "exp-0001", tmp_path) as first, pytest.raises(CallFailed):
            first.chat(HELLO)
        with Client(agent, "exp-0002", tmp_path) as second:
            assert second.chat(HELLO).content == "late"
    replay = Agent(model="m", replay=True)
    assert Client(replay, "exp-0002", tmp_path).chat(HELLO).content == "late"
    with pytest.raises(CallFailed, match="broken"):
        Client(replay, "exp-0001", tmp_path).chat(HELLO)
    # A night that goes on takes the answer, and from then on its replay does.
    assert Client(agent, "exp-0001", tmp_path).chat(HELLO).content == "late"
    assert Client(replay, "exp-0001", tmp_path).chat(HELLO).content == "late"


def test_a_server_that_says_500_to_tools_is_asked_without(client, tmp_path):
    """llama.cpp without --jinja; other words of a 500 are a server that fails."""

    def plain(body):
        said = {"error": {"message": "tools param requires --jinja flag"}}
        return Fault(500, json.dumps(said), {"Retry-After-Ms": "20"}) if "tools" in body else "{}"

    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    with model_server(plain) as server:
        assert client(server, tmp_path).chat(HELLO, {"type": "object"}, [tool]).content == "{}"


def test_the_key_is_in_no_answer_that_a_server_echoes(client, tmp_path):
    with model_server(lambda body: f"your key is {KEY}") as server:
        assert client(server, tmp_path).chat(HELLO).content == "your key is [key]"
    assert KEY.encode() not in (tmp_path / PLACE).read_bytes()


def test_the_budget_is_hard_in_tokens_and_money(client, tmp_path):
    long = [{"role": "user", "content": "word " * 2000}]
    with model_server(lambda body: "yes") as server:
        with pytest.raises(CallFailed, match=r"budget of 3,000 tokens \(agent.budget.tokens\) leaves 3,000"):
            client(server, tmp_path, budget={"tokens": 3000}, answer_tokens=64).chat(long)
        prices = {"m": {"input": 1000, "output": 1000}}
        with pytest.raises(CallFailed, match=r"agent\.budget\.money") as failed:
            client(server, tmp_path, budget={"money": 1}, prices=prices, answer_tokens=64).chat(long)
        assert failed.value.kind == "budget" and not server.asked
        assert client(server, tmp_path, budget={"money": 10}, prices=prices, answer_tokens=64).chat(long)
    assert 2 < Store(tmp_path).usage().money < 3


def test_eight_at_a_time_spend_no_more_than_the_budget(client, tmp_path):
    with model_server(lambda body: "yes") as server:
        asking = client(server, tmp_path, budget={"tokens": 2000}, answer_tokens=64)

        def ask(number):
            try:
                return asking.chat([{"role": "user", "content": f"{number} " + "word " * 80}]).content
            except CallFailed as error:
                return error.kind

        with ThreadPoolExecutor(8) as pool:
            said = list(pool.map(ask, range(24)))
    assert set(said) == {"yes", "budget"} and Store(tmp_path).usage().tokens <= 2000


def test_what_a_kill_left_in_flight_counts_until_it_is_asked_again(tmp_path):
    store = Store(tmp_path)
    assert store.reserve("a", 700, 0.0, (1000, None)) is None
    assert "leaves 300" in store.reserve("b", 400, 0.0, (1000, None))
    assert store.reserve("a", 700, 0.0, (1000, None)) is None


def test_a_replay_answers_without_a_server_and_fails_where_the_night_failed(client, tmp_path):
    said = {"one": "first", "two": FAULTS["500"]()}
    ask = {word: [{"role": "user", "content": word}] for word in ("one", "two", "three")}
    with model_server(lambda body: said[body["messages"][0]["content"]]) as server:
        asking = client(server, tmp_path)
        asking.chat(ask["one"])
        with pytest.raises(CallFailed) as failed:
            asking.chat(ask["two"])
    replay = Client(Agent(model="m", replay=True), "exp-0001", tmp_path)
    assert replay.chat(ask["one"]).content == "first"
    with pytest.raises(CallFailed) as again:
        replay.chat(ask["two"])
    assert (again.value.kind, again.value.reason) == (failed.value.kind, failed.value.reason)
    with pytest.raises(ReplayMissing, match=r"no answer to request [0-9a-f]{20} .chat, model 'm', for exp-0001"):
        replay.chat(ask["three"])


def test_embeddings_are_kept_by_text(client, tmp_path):
    with model_server() as server:
        asking = client(server, tmp_path)
        first = asking.embed(["a", "b", "a"], "e")
        again = asking.embed(["b", "c"], "e")
        assert first[0] == first[2] and first[1] == again[0] and len(first[0]) == 8
        assert [body["input"] for body in server.of("embeddings")] == [["a", "b"], ["c"]]


def test_four_processes_write_one_store(tmp_path):
    code = (
        "import sys; from nightshift.llm.store import Store, Usage\n"
        "store = Store(sys.argv[1])\n"
        "for i in range(40):\n"
        "    request = {'endpoint': 'chat', 'model': 'm', 'i': i}\n"
        "    assert store.reserve(f'{i}', 5, 0.0, (None, None)) is None\n"
        "    kept = store.keep(f'{i}', request, {'by': sys.argv[2]}, Usage(1, 1, 0.5, 1), sys.argv[2])\n"
        "    assert store.answer(f'{i}') == kept and kept[1].money == 0.5\n"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(one)]) for one in range(4)]
    assert [process.wait(timeout=120) for process in started] == [0] * 4
    usage = Store(tmp_path).usage()
    assert usage.calls == 40 and usage.money == pytest.approx(20)
    with sqlite3.connect(tmp_path / PLACE) as connection:
        assert connection.execute("SELECT count(*) FROM reserved").fetchone() == (0,)


def test_without_a_server_openai_is_not_imported():
    code = "import sys, nightshift.config, nightshift.llm.client, nightshift.agents.propose; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_damaged_store_says_so(tmp_path):
    (tmp_path / PLACE).parent.mkdir(parents=True)
    (tmp_path / PLACE).write_bytes(b"this is no database at all" * 100)
    with pytest.raises(Exception, match=r"results/agent/calls.sqlite: file is not a database\n    -> "):
        Store(tmp_path).usage()


def test_a_search_has_a_price_of_its_own(client, tmp_path):
    prices = {"m": {"input": 0, "output": 0, "search": 0.25}}
    with model_server() as server:
        asking = client(server, tmp_path, prices=prices, budget={"money": 0.4})
        assert asking.web_search("news?") == "found on the web" and asking.used.money == 0.25
        with pytest.raises(CallFailed, match=r"agent\.budget\.money\) leaves 0\.15"):
            asking.web_search("more?")


def test_web_search_and_what_a_server_without_it_says(client, tmp_path):
    with model_server() as server:
        assert client(server, tmp_path).web_search("news?") == "found on the web"
        server.answer = lambda *_: Fault(404, '{"error": {"message": "no such place"}}')
        with pytest.raises(CallFailed, match="rejects the request"):
            client(server, tmp_path).web_search("other news?")
