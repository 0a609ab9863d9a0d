"""Whole nights with a language model behind a scripted server on loopback: hybrid with a memo, killed, replayed."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import sqlite3
import zlib

import pandas as pd
import pytest
import yaml
from projects import CONFIG, make_project

from model_server import FAULTS, KEY, an_answer, model_server, tool_call, wait_for
from nightshift.config_agent import Agent
from nightshift.duck import history_now
from nightshift.llm.client import Client
from nightshift.llm.store import PLACE
from nightshift.research.toolbox import Toolbox

AGENT = {
    "model": "scripted",
    "share": 0.5,
    "send": "transcripts",
    "prices": {"scripted": {"input": 1.0, "output": 4.0}},
    "research": {"patience": 1, "memos": 1},
    "timeout": 20,
}
SQL = "SELECT industry, count(*) AS n, avg(target) AS won FROM cases JOIN labels USING (case_id) GROUP BY industry ORDER BY n"
RUBRIC = {"speakers": None, "calls": None, "part": None, "share": None, "turns": None}
RUBRIC |= {
    "kind": "rubric",
    "questions": [{"ask": "Does the customer sound convinced?", "answer": None, "choices": None}],
}


def script(body):
    """What the model says; it depends on the request alone."""
    system, last = body["messages"][0]["content"], str(body["messages"][-1]["content"])
    if system.startswith("You answer questions about one transcript"):
        return json.dumps({"q1": zlib.crc32(last.encode()) % 2 == 0})
    if system.startswith("You are a research colleague"):
        if "Write the memo now" in last:
            said = {"title": "Slices", "findings": "It errs on large deals.", "sources": [], "idea": None}
            return json.dumps({**said, "experiment": an_answer("Ridge on words.", {"kind": "ridge", "alpha": 3.0})})
        tools = [message for message in body["messages"] if message["role"] == "tool"]
        return (
            "Enough."
            if len(tools) == 3
            else tool_call(["slices", "learning_curve", "correlations"][len(tools)], experiment="exp-0000")
        )
    number = int(last.rsplit("exp-", 1)[1][:4])
    memo = "memo-001" if "memo-001" in last else None
    answer = an_answer(f"The model's idea {number}.", {"kind": "logistic", "c": 0.1 * number}, memo=memo)
    if number == 2:
        answer["views"].append({"name": "asked", "value": RUBRIC})
        answer["bases"][0]["value"]["views"].append("asked")
    return json.dumps(answer)


def new_project(root, url, **agent):
    project = make_project(root, {**CONFIG, "agent": {**AGENT, "base_url": url, **agent}})
    return project


@pytest.fixture(scope="module", autouse=True)
def key():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", KEY)
        yield


@pytest.fixture(scope="module")
def hybrid_night(tmp_path_factory):
    """An undisturbed hybrid night, its server gone."""
    with model_server(script) as server:
        project = new_project(tmp_path_factory.mktemp("hybrid") / "project", server.url)
        project.snakemake("--cores", "2")
        assert not server.twice()
    return project


def test_a_hybrid_night_has_the_models_hypotheses_and_a_memo(hybrid_night):
    ledger = pd.read_csv(hybrid_night.path("results/ledger.tsv"), sep="\t")
    assert len(ledger) == 6 and (ledger["status"] != "crash").all()
    written = ledger[ledger["author"] == "model"]
    assert len(written) >= 2 and written["hypothesis"].str.startswith("The model's idea").all()
    assert (written["tokens"] > 0).all() and (written["money"] > 0).all()
    assert "It errs on large deals." in hybrid_night.path("results/research/memo-001.md").read_text()
    assert (ledger["memo"] == "memo-001").any()
    verdict = json.loads(hybrid_night.path("results/verdict.json").read_text())
    assert verdict["tokens"] >= ledger["tokens"].sum() and verdict["money"] > 0
    ending = " ".join(hybrid_night.path("results/ending.md").read_text().split())
    assert (
        "The language model answered" in ending
        and "Keeps after the baseline:" in ending
        and "memo-001.md: Slices" in ending
    )
    page = hybrid_night.path("results/report.html").read_text()
    assert "What research found" in page and "It errs on large deals." in page and "tokens" in page
    for path in hybrid_night.root.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), f"the key is in {path}"


def test_the_tools_say_what_is_true_and_no_more_than_they_may(hybrid_night, monkeypatch):
    monkeypatch.chdir(hybrid_night.root)
    history = history_now()
    champion = history.champion().experiment.id
    levels = {}
    for send in ("metrics", "columns", "transcripts"):
        agent = Agent(send=send, mask=True)
        with Client(agent, "test") as client:
            toolbox = Toolbox(history, agent, client, 0)
            calls = {
                "slices": "{}",
                "importances": "{}",
                "learning_curve": "{}",
                "wrong_cases": '{"count": 2}',
                "ledger": "{}",
            }
            calls |= {
                "correlations": json.dumps({"experiment": champion}),
                "sql": json.dumps({"sql": SQL}),
                "notes": "{}",
            }
            calls |= {"experiment": json.dumps({"experiment": champion})}
            levels[send] = {name: toolbox.call(name, given) for name, given in calls.items()}
            assert "there is no tool" in toolbox.call("shell", "{}") and "missing" in toolbox.call("experiment", "{}")
            assert "AUC" in toolbox.call("learning_curve", "[]") or "no JSON object" in toolbox.said[-1]
    industries = set(pd.read_csv(hybrid_night.path("data/demo/cases.csv"))["industry"].dropna())
    told = " ".join(levels["metrics"].values())
    assert "AUC" in levels["metrics"]["slices"] and "sources: " in levels["metrics"]["importances"]
    assert "cross-validated on: " in levels["metrics"]["learning_curve"] and "failed" not in told
    assert not any(f"= {industry}:" in told for industry in industries)
    assert "needs agent.send: columns" in levels["metrics"]["sql"]
    assert any(f"industry = {industry}:" in levels["columns"]["slices"] for industry in industries)
    assert (
        levels["columns"]["sql"].startswith("industry|n|won") and "needs agent.send" in levels["columns"]["wrong_cases"]
    )
    assert (
        "customer: " in levels["transcripts"]["wrong_cases"] and "predicted 0." in levels["transcripts"]["wrong_cases"]
    )


@pytest.mark.long
def test_killed_twice_it_ends_with_the_same_ledger_and_asks_nothing_again(tmp_path, hybrid_night):
    in_flight: list[str] = []
    moments = {"rubric": "You answer questions", "proposal": "You improve a model"}
    reached = dict.fromkeys(moments, 0)

    def stumbling(body):
        for moment, words in moments.items():
            if body["messages"][0]["content"].startswith(words):
                reached[moment] += 1
                if reached[moment] == {"rubric": 20, "proposal": 1}[moment]:
                    in_flight.append(moment)
                    server.stopped.wait(3)
        return script(body)

    with model_server(stumbling) as server:
        project, kept = new_project(tmp_path / "project", server.url), []
        for kill in (1, 2):
            process = project.start("snakemake", "--cores", "2")
            wait_for(lambda kill=kill, night=process: len(in_flight) == kill or night.poll() is not None, 180)
            assert process.poll() is None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kept.append((len(server.asked), answered(project)))
        project.snakemake("--cores", "2")
        again = server.twice()
    for start, known in kept:
        later = {said(body) for where, body in server.asked[start:] if where.endswith("chat/completions")}
        assert later.isdisjoint(known), "no answer that is kept is asked for again"
    assert not kept[0][1] and len(kept[1][1]) > 10, "killed before the first answer, and in the middle of a rubric"
    assert len(again) <= 1 + AGENT.get("concurrency", 8), "what was in flight alone"
    assert in_flight == ["proposal", "rubric"]
    pd.testing.assert_frame_equal(project.ledger(), hybrid_night.ledger(), rtol=1e-6)
    assert not project.leftovers()


def said(request):
    return json.dumps(request["messages"], sort_keys=True)


def answered(project):
    """Conversations whose answers a project keeps."""
    with contextlib.closing(sqlite3.connect(project.path(PLACE))) as connection:
        rows = connection.execute("SELECT request FROM calls WHERE endpoint = 'chat'").fetchall()
    return {said(json.loads(request)) for (request,) in rows}


@pytest.mark.long
def test_twelve_experiments_against_every_fault_are_twelve_rows(tmp_path):
    """Whole and real: proposals that go wrong in every way, and views whose server is broken."""
    number = itertools.count()
    faults = list(FAULTS.values())

    def broken(body):
        if body["messages"][0]["content"].startswith("You answer questions about one transcript"):
            return FAULTS["500"]()
        return faults[next(number) % len(faults)]()

    with model_server(broken) as server:
        server.embed = lambda text: FAULTS["500"]()
        more = {"backend": "llm", "timeout": 2, "tries": 1, "embedding": {"model": "e"}}
        project = new_project(tmp_path / "project", server.url, **more, research={"patience": 3, "memos": 2})
        project.configure(search={"experiments": 12})
        asked = {"kind": "rubric", "questions": [{"ask": "Does the customer sound convinced?"}]}
        for name, view in {"asked": asked, "meant": {"kind": "embedding"}}.items():
            base = {"views": [name], "learner": {"kind": "logistic"}}
            project.write(
                f"config/experiments/{name}.yaml", yaml.safe_dump({"views": {name: view}, "bases": {name: base}})
            )
        project.snakemake("--cores", "2")
    ledger = project.ledger().set_index("experiment")
    assert len(ledger) == 12 and set(ledger["status"]) <= {"keep", "discard", "crash"}
    crashed = ledger[ledger["status"] == "crash"]
    assert list(crashed.index) == ["exp-0001", "exp-0002"] and (crashed["author"] == "human").all()
    assert crashed["hypothesis"].str.contains("server: ").all()
    assert set(ledger["author"][3:]) == {"search"}, "where the model fails, the search answers"
    assert project.path("results/research/memo-001.md").exists()


@pytest.mark.long
def test_a_replay_with_the_server_gone_gives_the_same_ledger(tmp_path, hybrid_night):
    shutil.copytree(hybrid_night.root, tmp_path / "replay", symlinks=True)
    project = type(hybrid_night)(tmp_path / "replay")
    moved = project.run("nightshift", "archive").stdout
    kept = project.path(moved.split("moved to ")[1].split("\n")[0]) / "agent/calls.sqlite"
    (project.path(PLACE)).parent.mkdir(parents=True)
    shutil.copy(kept, project.path(PLACE))
    project.configure(agent={**AGENT, "base_url": "http://127.0.0.1:9/v1", "replay": True}, dvc={"record": False})
    project.snakemake("--cores", "2")
    pd.testing.assert_frame_equal(project.ledger(), hybrid_night.ledger(), rtol=1e-6)
    project.run("nightshift", "archive")
    done = project.run("snakemake", "--cores", "2", "results/experiments/exp-0001/plan.json", check=False)
    assert done.returncode != 0 and "agent.replay: results/agent/calls.sqlite" in done.stdout + done.stderr


def test_the_calls_of_the_night_are_in_dvc(tmp_path, hybrid_night):
    shutil.copytree(hybrid_night.root, tmp_path / "copy", symlinks=True)
    project = type(hybrid_night)(tmp_path / "copy")
    before = project.path(PLACE).read_bytes()
    shutil.rmtree(project.path("results"))
    project.run("nightshift", "restore")
    assert project.path(PLACE).stat().st_size == len(before) and project.path("results/research/memo-001.md").exists()


def test_recordings_are_transcribed_before_ingest(tmp_path):
    with model_server(script) as server:
        server.transcribe = lambda raw: {
            "text": "Hello.",
            "segments": [{"start": 0, "end": 1, "text": raw[-40:-35].hex()}],
        }
        project = new_project(tmp_path / "project", server.url)
        project.configure(data={"transcripts": None, "audio": "calls"})
        done = project.run("snakemake", "--cores", "1", "data/transcribed/turns.jsonl", check=False)
        assert done.returncode != 0 and "calls: data.audio is no folder" in done.stdout + done.stderr
        for name in ("D1.wav", "D2__second.mp3"):
            project.write(f"calls/{name}", f"RIFF {name}")
        project.snakemake("--cores", "1", "data/transcribed/turns.jsonl")
        assert len(server.of("audio/transcriptions")) == 2
    lines = project.path("data/transcribed/turns.jsonl").read_text().splitlines()
    assert [json.loads(line)["case_id"] for line in lines] == ["D1", "D2"]
    planned = project.snakemake("-n", "results/data/ingested.json")
    assert "ingest" in planned and "transcribe" not in planned
