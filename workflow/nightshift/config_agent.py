"""The section `agent` of config/config.yaml: who proposes, and the language model's server. Light, like `config`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A section of the configuration: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Move = Literal["add", "replace", "prune", "restack", "library", "split", "second_level", "segment", "reseed", "steady"]

StackMethod = Literal["rank_mean", "logistic", "nonnegative", "greedy", "xgboost", "stacks"]


class Price(Section):
    """Money for a million tokens of one model, in any currency."""

    input: Annotated[float, Field(ge=0)] = Field(description="A million tokens of requests (of texts, for embeddings).")
    output: Annotated[float, Field(ge=0)] = Field(0.0, description="A million tokens of answers.")
    minute: Annotated[float, Field(ge=0)] = Field(0.0, description="A minute of audio, for transcription.")
    search: Annotated[float, Field(ge=0)] = Field(0.0, description="One web search (not a million).")


class Budget(Section):
    """What a night may spend at the model's server. Hard: a request that could exceed it is not sent."""

    tokens: Annotated[int, Field(ge=0)] | None = Field(
        2_000_000, description="Tokens of requests and answers together; None: no limit."
    )
    money: Annotated[float, Field(ge=0)] | None = Field(
        None,
        description="In the currency of agent.prices, which it needs for every model that is asked; None: no limit.",
    )


class Research(Section):
    """When somebody looks closer, and with what."""

    patience: Annotated[int, Field(ge=1)] = Field(
        8, description="Experiments without a keep after which a memo is written."
    )
    memos: Annotated[int, Field(ge=0)] = Field(6, description="Memos of a night, at most; 0: none.")
    calls: Annotated[int, Field(ge=3, le=100)] = Field(
        10, description="Requests of one investigation, at most; two are for the memo."
    )
    tools: Annotated[int, Field(ge=1, le=1000)] = Field(30, description="Uses of tools in one investigation, at most.")
    tokens: Annotated[int, Field(ge=1000)] = Field(100_000, description="Tokens of one investigation, at most.")
    literature: bool = Field(False, description="May search arXiv and read pages of `hosts`; needs a network.")
    hosts: tuple[str, ...] = Field(
        ("arxiv.org", "export.arxiv.org"),
        description="Hosts (host or host:port) whose pages it may read; '*': all public ones.",
    )
    arxiv: str | None = Field(None, description="Address of the arXiv API; None: export.arxiv.org.")
    web_search: bool = Field(False, description="May use the web search of the model's server, where it has one.")


class Embedding(Section):
    """Sentence embeddings of the view `embedding`."""

    model: str | None = Field(
        None,
        description="Model of the server's embeddings endpoint; needs agent.send: transcripts. None: a local model.",
    )
    folder: str | None = Field(
        None, description="Folder of a local sentence-transformers model. None: the installed all-MiniLM-L6-v2 package."
    )


class Agent(Section):
    """Who proposes, and the language model's server."""

    backend: Literal["search", "llm", "hybrid"] | None = Field(
        None,
        description="search: portfolio, then Optuna; needs no key and no network. llm: a language model. hybrid: both. "
        "None: hybrid where a model and a key (or a base_url) are configured, else search.",
    )
    share: Annotated[float, Field(ge=0, le=1)] = Field(
        0.3, description="hybrid: share of the experiments that the model proposes."
    )
    views: tuple[str, ...] | None = Field(None, description="Kinds of views that may be proposed; None: all.")
    learners: tuple[str, ...] | None = Field(None, description="Kinds of learners that may be proposed; None: all.")
    moves: tuple[Move, ...] | None = Field(
        None, min_length=1, description="Moves that the search may make, `steady` as a night's last; None: all."
    )
    stacks: tuple[StackMethod, ...] | None = Field(
        None, min_length=1, description="Methods of stacking that the search's moves may draw; None: all."
    )
    model: str | None = Field(None, description="Name of the model at its server; None: $NIGHTSHIFT_MODEL.")
    base_url: str | None = Field(
        None,
        description="OpenAI-compatible server, such as http://localhost:8080/v1; None: $OPENAI_BASE_URL, else OpenAI.",
    )
    key_env: str = Field("OPENAI_API_KEY", description="Environment variable that holds the key.")
    key_file: str | None = Field(None, description="File outside the project that holds the key, instead.")
    send: Literal["metrics", "columns", "transcripts"] = Field(
        "metrics",
        description="What may leave this machine. metrics: metrics and names of columns, no value of a cell. columns: values "
        "of cells too. transcripts: what is said too.",
    )
    mask: bool = Field(False, description="Mask e-mail addresses, phone and card numbers in all text that leaves.")
    mask_names: tuple[str, ...] = Field(
        (),
        description="Columns of the cases that hold names; masked in transcripts of the same case and in all the agent reads.",
    )
    prices: dict[str, Price] = Field({}, description="Model -> price.")
    budget: Budget = Budget()
    timeout: Annotated[float, Field(gt=0)] = Field(120, description="Wall seconds of one request.")
    tries: Annotated[int, Field(ge=1, le=20)] = Field(
        4, description="Times a request is sent while the server is busy (429), broken (5xx) or silent."
    )
    concurrency: Annotated[int, Field(ge=1, le=256)] = Field(8, description="Requests of a view at a time.")
    answer_tokens: Annotated[int, Field(ge=64)] = Field(6000, description="Longest answer, in tokens.")
    options: dict[str, Any] = Field(
        {}, description="More fields of every chat request, such as temperature or reasoning_effort."
    )
    view_timeout: Annotated[float, Field(gt=0)] = Field(
        21600, description="Wall seconds that making a view may take which asks a server."
    )
    embedding: Embedding = Embedding()
    transcription_model: str = Field("whisper-1", description="Model of the transcription endpoint, for data.audio.")
    research: Research = Research()
    replay: bool = Field(
        False,
        description="Answer from results/agent/calls.sqlite alone, without network; a missing answer is an error.",
    )
