"""Recordings become turns: named by case, diarised where the server tells, each file sent once."""

import json

import pytest

from model_server import KEY, Fault, model_server
from nightshift.config import parse_config
from nightshift.config_agent import Agent
from nightshift.data.audio import recordings, transcribe
from nightshift.data.transcripts import read_turns
from nightshift.errors import InputError
from nightshift.llm.privacy import NotSentError
from nightshift.llm.store import Store

TARGET = "data/transcribed/turns.jsonl"


@pytest.fixture
def calls(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    for name in ("D1.wav", "D2__first.mp3", "D2__second.mp3", "D3/monday.m4a", "notes.txt"):
        path = tmp_path / "calls" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"RIFF" + name.encode())


def diarised(raw):
    segments = [
        {"start": 0.0, "end": 1.5, "text": " Hello. ", "speaker": "A"},
        {"start": 1.5, "end": 3.0, "text": "We need a contract.", "speaker": "B"},
    ]
    return {"text": "Hello. We need a contract.", "segments": segments, "duration": 3.0}


def agent(server, **options):
    return Agent(**{"model": "m", "base_url": server.url, "send": "transcripts", "timeout": 2, "tries": 1, **options})


def test_recordings_become_turns_and_are_sent_once(calls, tmp_path):
    assert [(case, call) for _, case, call in recordings(tmp_path / "calls")] == [
        ("D1", "1"), ("D2", "first"), ("D2", "second"), ("D3", "monday"),
    ]  # fmt: skip
    with model_server() as server:
        server.transcribe = diarised
        prices = {"whisper-1": {"input": 0, "minute": 0.6}}
        transcribe("calls", TARGET, agent(server, prices=prices))
        assert Store().usage().money == pytest.approx(4 * 3 / 60 * 0.6)
        transcribe("calls", TARGET, agent(server))
        assert len(server.asked) == 4
        (tmp_path / "calls/D9.wav").write_bytes(b"new")
        transcribe("calls", TARGET, agent(server))
        assert len(server.asked) == 5
    rows = [json.loads(line) for line in (tmp_path / TARGET).read_text().splitlines()]
    assert (
        len(rows) == 10
        and rows[1]["text"] == "We need a contract."
        and rows[1]["speaker"] == "B"
        and rows[1]["end"] == 3
    )
    frame, _ = read_turns(tmp_path / TARGET, "turns", "deal")
    assert set(frame["case_id"]) == {"D1", "D2", "D3", "D9"} and frame["call"].nunique() >= 3


def test_text_without_segments_is_one_turn(calls, tmp_path):
    with model_server() as server:
        server.transcribe = lambda raw: {"text": "All in one."}
        transcribe("calls", TARGET, agent(server))
    rows = [json.loads(line) for line in (tmp_path / TARGET).read_text().splitlines()]
    assert [row["text"] for row in rows] == ["All in one."] * 4


def test_what_cannot_be_transcribed_is_named_and_the_rest_is_kept(calls, tmp_path):
    with model_server() as server:
        server.transcribe = lambda raw: (
            Fault(400, '{"error": {"message": "no speech"}}') if b"second" in raw else diarised(raw)
        )
        with pytest.raises(InputError, match=r"1 problem[\s\S]*D2__second\.mp3: not transcribed: .*no speech"):
            transcribe("calls", TARGET, agent(server))
        assert not (tmp_path / TARGET).exists()
        server.transcribe = diarised
        asked = len(server.asked)
        transcribe("calls", TARGET, agent(server))
        assert len(server.asked) == asked + 1


def test_it_needs_leave_and_a_folder(calls):
    with pytest.raises(NotSentError, match=r"data\.audio needs agent\.send: transcripts"):
        transcribe("calls", TARGET, Agent())
    with pytest.raises(InputError, match=r"nowhere: data\.audio is no folder"):
        transcribe("nowhere", TARGET, Agent(send="transcripts"))


def test_audio_takes_the_place_of_transcripts():
    data = {"cases": "c.csv", "id": "i", "target": "t", "audio": "calls"}
    assert parse_config({"data": data}).data.transcripts == TARGET
    with pytest.raises(InputError, match="transcripts or audio: name one of the two"):
        parse_config({"data": {**data, "transcripts": "t.jsonl"}})


def test_a_model_that_knows_plain_text_alone_is_asked_for_it(calls, tmp_path):
    refused = {"error": {"message": "response_format 'verbose_json' is not compatible with model 'x'. Use 'json'."}}
    with model_server() as server:
        server.transcribe = lambda raw: (
            Fault(400, json.dumps(refused)) if b"verbose_json" in raw else {"text": "Hello."}
        )
        transcribe("calls", TARGET, agent(server, transcription_model="gpt-4o-transcribe"))
    rows = [json.loads(line) for line in (tmp_path / TARGET).read_text().splitlines()]
    assert [row["text"] for row in rows] == ["Hello."] * 4


def test_what_cannot_be_paid_or_is_too_large_is_said_before_anything_is_sent(calls, tmp_path):
    with model_server() as server:
        with pytest.raises(InputError, match=r"agent\.budget\.money needs the price of whisper-1"):
            transcribe("calls", TARGET, agent(server, budget={"money": 1.0}, prices={"m": {"input": 1}}))
        assert not server.asked
    with open(tmp_path / "calls/D1.wav", "wb") as handle:
        handle.truncate(26 * 2**20)
    with pytest.raises(InputError, match=r"1 problem[\s\S]*D1\.wav: the recording has 26 MB[\s\S]*25 MB at most"):
        transcribe("calls", TARGET, Agent(model="m", send="transcripts"))
