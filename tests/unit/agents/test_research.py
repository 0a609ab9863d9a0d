"""Research: when a memo is due, what literature may be read, what a memo cites, and a memo without a model."""

import contextlib
import http.server
import json
import threading
import time

import pytest
from stub_night import night_config, run_night, score

from model_server import FAULTS, KEY, an_answer, model_server, tool_call
from nightshift.agents.history import History, Past, read_history
from nightshift.agents.model import form_for
from nightshift.agents.propose import propose
from nightshift.agents.space import Space
from nightshift.card import Card
from nightshift.config_agent import Agent, Research
from nightshift.errors import InputError
from nightshift.experiment import parse_experiment
from nightshift.files import read_json
from nightshift.llm.client import Client
from nightshift.llm.errors import CallFailed, ReplayMissing
from nightshift.llm.reading import RefusedError
from nightshift.names import name_of
from nightshift.research import literature
from nightshift.research.investigate import investigate
from nightshift.research.literature import PageRefusedError, check_address
from nightshift.research.memos import is_due
from nightshift.research.toolbox import Toolbox

FEED = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><entry><id>http://arxiv.org/abs/2601.00001v1</id>
<title>Stacking
 small models</title><summary>We stack. {long}</summary><published>2026-01-02T00:00:00Z</published>
<author><name>A. Author</name></author><author><name>B. Author</name></author><author><name>C. Author</name></author></entry></feed>"""
PAGE = "<html><head><title>t</title><style>x{}</style></head><body><nav>menu</nav><p>Short calls say <b>little</b>.</p></body></html>"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)


@contextlib.contextmanager
def library():
    """arXiv and a page, on loopback."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            known = {"/api": FEED.format(long="word " * 300), "/page": PAGE, "/away": "", "/paper.pdf": "%PDF-1.7"}
            body = known.get(self.path.split("?")[0], "").encode()
            self.send_response(302 if self.path == "/away" else 200 if body else 404)
            if self.path == "/away":
                self.send_header("Location", "http://169.254.169.254/latest")
            if self.path == "/paper.pdf":
                self.send_header("Content-Type", "application/pdf")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    place = f"127.0.0.1:{server.server_address[1]}"
    try:
        yield Research(literature=True, hosts=(place,), arxiv=f"http://{place}/api"), f"http://{place}", asked
    finally:
        server.shutdown()
        server.server_close()


def past(statuses):
    return [Past(None, {"status": status}) if status else Past(None, None) for status in statuses]


@pytest.mark.parametrize(
    ("statuses", "memo_at", "due"),
    [
        (["keep", "discard", "discard"], None, None),
        (["keep", "discard", "crash", "discard"], None, 3),
        (["keep", "discard", "discard", None, None, None], None, None),
        (["keep", "discard", "discard", "keep", "discard"], None, None),
        (["keep"] + ["discard"] * 4, 3, None),
        (["keep"] + ["discard"] * 6, 3, 3),
        ([], None, None),
    ],
)
def test_a_memo_is_due_after_so_many_experiments_without_a_keep(statuses, memo_at, due):
    memos = [] if memo_at is None else [{"seen": memo_at}]
    assert is_due(History(past(statuses)), memos, Research(patience=3)) == due
    assert is_due(History(past(statuses)), memos, Research(patience=3, memos=0)) is None


def test_papers_and_pages_are_read_once_and_kept():
    with library() as (research, place, asked), Client(Agent(research=research), "exp-0001") as client:
        found = literature.search_arxiv(client, research, "stacking small data")
        assert found.startswith(
            "Stacking small models (A. Author et al., 2026-01-02) http://arxiv.org/abs/2601.00001v1\nWe stack."
        )
        assert len(found) < 600 < len(literature.arxiv_abstract(client, research, "arXiv:2601.00001"))
        assert literature.read_page(client, research, f"{place}/page") == f"{place}/page\n\nt\nShort calls say little."
        before = len(asked)
        literature.search_arxiv(client, research, "stacking small data")
        literature.read_page(client, research, f"{place}/page")
        assert len(asked) == before == 3
        with pytest.raises(CallFailed, match="answers 404"):
            literature.read_page(client, research, f"{place}/nothing")
        with pytest.raises(CallFailed, match=r"169\.254\.169\.254 is not allowed"):
            literature.read_page(client, research, f"{place}/away")
        with pytest.raises(PageRefusedError, match="no arXiv number"):
            literature.arxiv_abstract(client, research, "the paper")


def test_a_page_has_one_name_whatever_its_scheme_and_version():
    names = ("http://arxiv.org/abs/2601.00001v2", "https://www.arxiv.org/abs/2601.00001", "arxiv.org/abs/2601.00001")
    assert literature.addresses_in(" and ".join(names) + ".") == {"arxiv.org/abs/2601.00001"}
    told = "Stacking (A. Author et al., 2026-01-02) http://127.0.0.1:80/Page/\nSee [it](https://x.org/a?b=1)."
    assert literature.addresses_in(told) == {"127.0.0.1:80/page", "x.org/a?b=1"}
    assert literature.addresses_in("arxiv and nothing else") == set()


def test_a_page_that_drips_ends(monkeypatch):
    """Each byte in time, the whole never: the limit is one of wall time."""
    monkeypatch.setattr(literature, "_SECONDS", 1.0)

    class Dripping:
        encoding = "utf-8"

        def iter_bytes(self):
            while True:
                time.sleep(0.05)
                yield b"x"

    start = time.monotonic()
    with pytest.raises(PageRefusedError, match="took longer than 1 seconds"):
        literature._body(Dripping(), "http://x", start)
    assert time.monotonic() - start < 3


def test_only_allowed_hosts_are_read():
    for address in (
        "file:///etc/passwd",
        "ftp://arxiv.org/x",
        "http://localhost/x",
        "https://evil.example/x",
        "arxiv.org",
    ):
        with pytest.raises(PageRefusedError):
            check_address(address, Research())
    check_address("https://arxiv.org/abs/1", Research())
    for address in ("http://127.0.0.1/", "http://[::1]/", "http://10.0.0.8/", "http://169.254.169.254/"):
        with pytest.raises(PageRefusedError, match="not a public host"):
            check_address(address, Research(hosts=("*",)))


def test_a_literature_memo_cites_what_it_read_and_ends_in_an_experiment(tmp_path):
    def script(body):
        last = str(body["messages"][-1]["content"])
        if "Write the memo now" in last:
            sources = [
                ("Stacking", "https://arxiv.org/abs/2601.00001"),
                ("Invented", "http://arxiv.org/abs/9999.99999"),
            ]
            memo = {"title": "Stack", "findings": "Stacking helps.", "idea": None}
            memo["sources"] = [{"title": title, "address": address} for title, address in sources]
            return json.dumps({**memo, "experiment": an_answer("Stack it.", {"kind": "ridge", "alpha": 7.0})})
        if body["messages"][0]["content"].startswith("You are a research"):
            used = sum(message["role"] == "tool" for message in body["messages"])
            return tool_call("arxiv_search", query="stacking") if used == 0 else "Enough."
        return json.dumps(an_answer("By memo.", {"kind": "ridge", "alpha": 7.0}, memo="memo-001"))

    with library() as (research, _, asked), model_server(script) as server:
        research = research.model_copy(update={"patience": 2})
        config = night_config(
            6, parallel=1, base_url=server.url, model="m", share=0.0, timeout=20, research=research.model_dump()
        )
        run_night(tmp_path, config.model_copy(update={"search": config.search.model_copy(update={"experiments": 1})}))
        for number in range(1, 6):
            propose(name_of(number), config, tmp_path)
            score(tmp_path, number, keep=False)
        assert len(asked) == 1
    answers = [read_json(tmp_path / f"results/history/{name_of(k)}.json") for k in range(6)]
    assert [answer["experiment"]["author"] for answer in answers] == [
        "baseline",
        *["search"] * 2,
        "model",
        *["search"] * 2,
    ]
    assert answers[3]["experiment"]["memo"] == "memo-001"
    [memo] = answers[3]["memos"]
    assert memo["asked_by"] == "patience" and memo["experiment"]["hypothesis"] == "Stack it."
    page = (tmp_path / "results/research/memo-001.md").read_text()
    assert "2601.00001" in page and "9999" not in page and "alpha: 7.0" in page and "2 experiments were scored" in page
    assert answers[5]["memos"][0]["id"] == "memo-002", "a memo gets as much patience as a keep"


@pytest.mark.parametrize("fault", ["prose", "500", "hang", "400"])
def test_where_the_model_fails_the_memo_is_of_computed_diagnostics(tmp_path, fault):
    with model_server(lambda body: FAULTS[fault]()) as server:
        more = {
            "base_url": server.url,
            "model": "m",
            "timeout": 0.4 if fault == "hang" else 20,
            "tries": 1,
            "research": {"patience": 2},
        }
        config = night_config(5, parallel=1, **more)
        run_night(tmp_path, config.model_copy(update={"search": config.search.model_copy(update={"experiments": 1})}))
        for number in range(1, 4):
            propose(name_of(number), config, tmp_path)
            score(tmp_path, number, keep=False)
    page = (tmp_path / "results/research/memo-001.md").read_text()
    assert "The research sub-agent failed" in page and "## Where it errs" in page


def test_without_a_model_the_same_trigger_writes_diagnostics_once_a_champion(tmp_path):
    config = night_config(16, parallel=1, backend="search", research={"patience": 3})
    run_night(tmp_path, config.model_copy(update={"search": config.search.model_copy(update={"experiments": 1})}))
    for number in range(1, 16):
        propose(name_of(number), config, tmp_path)
        score(tmp_path, number, keep=number == 9)
    memos = read_json(tmp_path / "results/experiments/exp-0015/memos.json")
    assert [(memo["about"], memo["experiment_after"]) for memo in memos] == [
        ("exp-0000", "exp-0004"),
        ("exp-0009", "exp-0013"),
    ]
    assert "Computed without a language model." in (tmp_path / "results/research/memo-001.md").read_text()
    assert not (tmp_path / "results/agent").exists()


def parsed(content):
    try:
        return parse_experiment(content, "the memo")
    except InputError as error:
        raise RefusedError(str(error)) from None


def investigated(tmp_path, script, **research):
    """A memo on a question, and what the model was told."""
    config = night_config(4, backend="search")
    run_night(tmp_path, config)
    with library() as (world, _, asked), model_server(script) as server:
        agent = Agent(base_url=server.url, model="m", timeout=20, tries=1, research=world.model_copy(update=research))
        with Client(agent, "exp-0004") as client:
            form = form_for(Space(Card.of(read_json("results/data/card.json")), agent))
            toolbox = Toolbox(read_history(4, 1, tmp_path), agent, client, 0)
            memo = investigate("Why?", client, toolbox, form, parsed)
        return memo, server.of("chat/completions"), asked


def test_a_memo_on_literature_that_names_none_goes_back_once(tmp_path):
    def script(body):
        last = str(body["messages"][-1]["content"])
        if "That is no memo" in last:
            sources = [{"title": "Stacking", "address": "https://arxiv.org/abs/2601.00001"}]
            return json.dumps({"title": "Stack", "findings": "It helps.", "idea": "Ask people.", "sources": sources})
        if "Write the memo now" in last:
            return json.dumps({"title": "Stack", "findings": "It helps.", "idea": None, "sources": []})
        used = sum(message["role"] == "tool" for message in body["messages"])
        return tool_call("arxiv_search", query="stacking") if used == 0 else "Enough."

    memo, told, _ = investigated(tmp_path, script)
    assert "sources are missing" in told[-1]["messages"][-1]["content"]
    assert memo["sources"] and memo["idea"] == "Ask people."


@pytest.mark.parametrize("fault", ["no sources", "a part of an address", "no experiment", "an experiment that is none"])
def test_a_memo_on_literature_that_stays_unfounded_gives_way_to_diagnostics(tmp_path, fault):
    """Twice without sources that were read, or without an experiment that can be run, and it is not believed."""
    memo = {"title": "Stack", "findings": "Believe me.", "idea": None}
    memo["sources"] = [{"title": "Stacking", "address": "https://arxiv.org/abs/2601.00001"}]
    memo["experiment"] = an_answer("Stack it.", {"kind": "ridge", "alpha": 7.0})
    memo |= {
        "no sources": {"sources": []},
        "a part of an address": {"sources": [{"title": "Stacking", "address": "arxiv"}]},
        "no experiment": {"experiment": None},
        "an experiment that is none": {"experiment": an_answer("Stack it.", {"kind": "quantum"})},
    }[fault]

    def script(body):
        if any(words in str(body["messages"][-1]["content"]) for words in ("Write the memo now", "That is no memo")):
            return json.dumps(memo)
        used = sum(message["role"] == "tool" for message in body["messages"])
        return tool_call("arxiv_search", query="stacking") if used == 0 else "Enough."

    found, told, _ = investigated(tmp_path, script, calls=4)
    assert len(told) == 4, "two to look, two to write"
    assert found["text"].startswith("The research sub-agent failed") and "Believe me" not in found["text"]


def test_an_investigation_makes_no_more_requests_than_it_may(tmp_path):
    memo, told, _ = investigated(tmp_path, lambda body: tool_call("notes"), calls=3)
    assert len(told) == 3 and memo["text"].startswith("The research sub-agent failed")


def test_a_replay_that_lacks_a_page_ends_and_names_it(tmp_path):
    """It is no answer of a tool."""
    run_night(tmp_path, night_config(4, backend="search"))
    agent = Agent(model="m", replay=True, research={"literature": True})
    with Client(agent, "exp-0004") as client:
        toolbox = Toolbox(read_history(4, 1, tmp_path), agent, client, 0)
        with pytest.raises(ReplayMissing, match=r"\(page, model '', for exp-0004\)"):
            toolbox.call("arxiv_search", '{"query": "stacking"}')


def test_what_is_no_text_is_not_read():
    with library() as (research, place, _), Client(Agent(research=research), "exp-0001") as client:
        with pytest.raises(CallFailed, match=r"paper\.pdf is no text but application/pdf"):
            literature.read_page(client, research, f"{place}/paper.pdf")


def test_tools_have_a_budget_of_their_own(tmp_path):
    def script(body):
        if "Write the memo now" in str(body["messages"][-1]["content"]):
            return json.dumps({"title": "T", "findings": "Nothing.", "idea": None, "sources": []})
        calls = [tool_call("notes")["tool_calls"][0] | {"id": f"c{number}"} for number in range(5)]
        return tool_call("notes") | {"tool_calls": calls}

    memo, told, _ = investigated(tmp_path, script, tools=3)
    said = [message["content"] for message in told[-1]["messages"] if message["role"] == "tool"]
    assert len(told) == 2 and len(said) == 5 and said[3:] == ["no tool is left to use"] * 2
    assert memo["title"] == "T"


@pytest.mark.parametrize("opened", [{}, {"literature": True}, {"web_search": True}])
def test_what_reads_the_world_is_there_only_where_it_was_opened(tmp_path, opened):
    run_night(tmp_path, night_config(4, backend="search"))
    agent = Agent(model="m", research=opened)
    with Client(agent, "exp-0004") as client:
        toolbox = Toolbox(read_history(4, 1, tmp_path), agent, client, 0)
    of_the_world = {"literature": {"arxiv_search", "arxiv_abstract", "read_page"}, "web_search": {"web_search"}}
    names = {spec["function"]["name"] for spec in toolbox.specs()}
    for gate, tools in of_the_world.items():
        assert (names & tools) == (tools if opened.get(gate) else set())
        if gate not in opened:
            assert all(toolbox.call(name, "{}").startswith("there is no tool") for name in tools)
