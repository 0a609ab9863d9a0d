"""The embedding view: pooled by speaker and part, each text once, by server or by a local model."""

import sys
import types

import numpy as np
import pandas as pd
import pytest
from samples import make_raw

from model_server import FAULTS, KEY, made_up_vector, model_server
from nightshift.config_agent import Agent
from nightshift.embeddings import local_model, projected
from nightshift.errors import NightshiftError
from nightshift.llm.context import asking
from nightshift.llm.errors import CallFailed
from nightshift.llm.privacy import NotSentError
from nightshift.views import VIEWS, RawData

RAW = make_raw(30)


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)


def by_server(server, **options):
    more = {"base_url": server.url, "model": "m", "send": "transcripts", "embedding": {"model": "e"}, **options}
    return Agent(**more)


def test_blocks_are_means_over_a_speaker_and_a_part():
    with model_server() as server, asking(by_server(server), "view"):
        view = VIEWS["embedding"](speakers=("customer", "agent"), parts=2).settled(by_server(server))
        assert view.model == "server:e"
        frame = view.featurize(RAW).frame
        asked = [text for body in server.of("embeddings") for text in body["input"]]
        view.featurize(RAW)
        assert len(server.of("embeddings")) == -(-len(set(RAW.turns["text"])) // 64)
    assert len(asked) == len(set(asked)) == RAW.turns["text"].nunique()
    assert list(frame)[:2] == ["customer part 1 0", "customer part 1 1"] and frame.shape == (30, 4 * 8)
    case = RAW.turns["case_id"].iloc[0]
    turns = RAW.turns[(RAW.turns["case_id"] == case)]
    size = turns.groupby("call")["position"].transform("size")
    mine = turns[(turns["speaker"] == "agent") & (turns.groupby("call").cumcount() / size >= 0.5)]
    expected = np.mean([made_up_vector(text) for text in mine["text"]], axis=0)
    row = frame[RAW.cases["case_id"] == case].filter(like="agent part 2").iloc[0]
    np.testing.assert_allclose(row, expected, atol=1e-6)
    silent = ~RAW.cases["case_id"].isin(RAW.turns["case_id"])
    assert silent.any() and frame[silent].isna().all().all()


def test_a_row_depends_on_its_case_alone():
    with model_server() as server, asking(by_server(server), "view"):
        view = VIEWS["embedding"](dimensions=8, model="server:e")
        whole = view.featurize(RAW).frame
        cases = RAW.cases.iloc[::3]
        part = RawData(cases, RAW.turns[RAW.turns["case_id"].isin(cases["case_id"])], RAW.kinds)
        alone = view.featurize(part).frame
    pd.testing.assert_frame_equal(alone, whole.iloc[::3].reset_index(drop=True))
    assert projected(np.ones((3, 100), np.float32), 8).shape == (3, 8)


def test_by_server_transcripts_must_be_allowed_to_leave():
    with model_server() as server:
        agent = by_server(server, send="columns")
        with asking(agent, "view"), pytest.raises(NotSentError, match=r"needs agent\.send: transcripts"):
            VIEWS["embedding"](model="server:e").featurize(RAW)
        assert not server.asked and "agent.send: transcripts" in VIEWS["embedding"].hindrance(agent)


def test_masks_cover_what_is_embedded_by_a_server():
    turns = RAW.turns.assign(text="write to zoe@example.org")
    with model_server() as server, asking(by_server(server, mask=True), "view"):
        VIEWS["embedding"](model="server:e").featurize(RawData(RAW.cases, turns, RAW.kinds))
        assert server.of("embeddings")[0]["input"] == ["write to [email]"]


class Encoder:
    """Stands for sentence_transformers.SentenceTransformer, which is not among the libraries of the tests."""

    encoded: list[str]

    def __init__(self, folder, device, local_files_only):
        assert device == "cpu" and local_files_only
        Encoder.encoded = []

    def encode(self, texts, **options):
        Encoder.encoded += texts
        return np.array([made_up_vector(text, 16) for text in texts])


def test_a_local_model_needs_no_server_and_no_leave(monkeypatch, tmp_path):
    if local_model(Agent()).folder is None:
        assert "nightshift[embedding]" in VIEWS["embedding"].hindrance(Agent())
    fake = types.ModuleType("sentence_transformers")
    fake.SentenceTransformer = Encoder
    fake.__spec__ = types.SimpleNamespace(submodule_search_locations=[])
    monkeypatch.setitem(sys.modules, "sentence_transformers", fake)
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: fake.__spec__ if name == "sentence_transformers" else None
    )
    (tmp_path / "mini").mkdir()
    agent = Agent(embedding={"folder": str(tmp_path / "mini")})
    assert "holds no modules.json" in VIEWS["embedding"].hindrance(agent)
    (tmp_path / "mini/modules.json").write_text("[]")
    assert VIEWS["embedding"].hindrance(agent) is None
    view = VIEWS["embedding"]().settled(agent)
    with asking(agent, "view"):
        frame = view.featurize(RAW).frame
        assert len(Encoder.encoded) == RAW.turns["text"].nunique() and frame.shape == (30, 16)
        view.featurize(RAW)
        assert len(Encoder.encoded) == RAW.turns["text"].nunique(), "each text once"
        with pytest.raises(NightshiftError, match="was made with the model other"):
            VIEWS["embedding"](model="local:other").featurize(RAW)


def test_the_packaged_model_knows_what_is_alike(monkeypatch):
    """The real one, where the extra `embedding` is installed: it is too large for every test run."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = local_model(Agent())
    if found.folder is None:
        pytest.skip(found.why)
    from nightshift.embeddings import embed

    with asking(Agent(), "view"):
        texts = ["we want to cancel the contract", "please end our agreement", "the weather is nice today"]
        vectors = embed(texts, f"local:{found.name}")
    alike = vectors @ vectors.T
    assert vectors.shape == (3, 384) and alike[0, 1] > 0.4 > alike[0, 2]


def test_a_replay_fails_where_the_night_did_whatever_was_embedded_later():
    with model_server() as server:
        agent = by_server(server, tries=1)
        server.embed = lambda text: FAULTS["500"]()
        with asking(agent, "view"), pytest.raises(CallFailed):
            VIEWS["embedding"](model="server:e").featurize(RAW)
        server.embed = made_up_vector
        with asking(agent, "another view"):
            later = VIEWS["embedding"](model="server:e").featurize(RAW).frame
    replay = Agent(model="m", send="transcripts", embedding={"model": "e"}, replay=True)
    with asking(replay, "view"), pytest.raises(CallFailed, match="broken"):
        VIEWS["embedding"](model="server:e").featurize(RAW)
    with asking(replay, "another view"):
        pd.testing.assert_frame_equal(VIEWS["embedding"](model="server:e").featurize(RAW).frame, later)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("401", "auth"),
        ("400", "rejected"),
        ("429", "rate"),
        ("500", "server"),
        ("hang", "timeout"),
        ("cut", "connection"),
    ],
)
def test_a_server_that_fails_fails_the_view_and_what_came_before_is_kept(fault, kind):
    first = set(sorted(RAW.turns["text"].unique())[:5])
    with model_server() as server:
        agent = by_server(server, timeout=1, tries=1)
        server.embed = lambda text: made_up_vector(text) if text in first else FAULTS[fault]()
        with asking(agent, "view"):
            from nightshift.embeddings import embed

            embed(sorted(first), "server:e")
            with pytest.raises(CallFailed) as failed:
                VIEWS["embedding"](model="server:e").featurize(RAW)
            assert failed.value.kind == kind and KEY not in str(failed.value)
            asked = len(server.of("embeddings"))
            embed(sorted(first), "server:e")
            assert len(server.of("embeddings")) == asked
            server.embed = made_up_vector
            assert VIEWS["embedding"](model="server:e").featurize(RAW).frame.notna().any().all()


@pytest.mark.parametrize("vectors", [[], [[1.0, 2.0]], [[1.0, 2.0], [1.0]]])
def test_vectors_that_do_not_fit_the_texts_are_nonsense(vectors, monkeypatch):
    from nightshift.embeddings import embed

    data = [{"object": "embedding", "index": place, "embedding": vector} for place, vector in enumerate(vectors)]
    with model_server() as server, asking(by_server(server, tries=1), "view"):
        monkeypatch.setattr(server, "answer", lambda *_: {"object": "list", "model": "e", "data": data})
        with pytest.raises(CallFailed, match="makes no sense") as failed:
            embed(["a", "b"], "server:e")
        assert failed.value.kind == "nonsense"
