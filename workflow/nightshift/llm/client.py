"""The client: every request is looked up before it is made, paid out of the budget, and kept with its answer."""

from __future__ import annotations

import base64
import json
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightshift.config_agent import Agent
from nightshift.files import digest_of, digest_of_file
from nightshift.llm.answers import count_in, message_of, spoken_in
from nightshift.llm.blame import blame
from nightshift.llm.errors import CallFailed, ReplayMissing
from nightshift.llm.server import Server, model_of, server_of
from nightshift.llm.store import PLACE, Store, Usage

if TYPE_CHECKING:
    import openai

_BYTES_A_TOKEN = 2.0  # few enough that an estimate is too high rather than too low
_BYTES_A_SECOND = 4000  # of a thinly coded recording
_TOKENS_A_MINUTE = 1000  # of a recording and what is said in it, where a server counts them
_TEXTS_AT_ONCE = 64


@dataclass(frozen=True)
class Reply:
    """A chat answer.

    Attributes
    ----------
    content : text, or None
    tools : requests for tools: {"id", "name", "arguments"}, arguments as text
    refusal : why the model will not answer, or None
    cut : whether it ended for its length
    """

    content: str | None
    tools: list[dict[str, str]] = field(default_factory=list)
    refusal: str | None = None
    cut: bool = False


# Behind the purpose: what became of a view as a whole, which none of its requests tells a replay.
REFUSED = " (refused)"
# Failures after which the server may have worked, and want to be paid: the estimate counts as spent.
_MAY_COST = ("timeout", "nonsense")


class Client:
    """Asks a server for one purpose; a context that closes its connections.

    Parameters
    ----------
    agent : Agent, the configuration
    purpose : who pays: an experiment (exp-0007), a view by its specification, "holdout", "duck"
    root : the project
    hide : masks what a conversation says, but for the system's words

    Attributes
    ----------
    used : Usage of all answers it gave, those from the store included
    """

    def __init__(self, agent: Agent, purpose: str, root: str | Path = ".", hide: Callable[[str], str] = str):
        self.used = Usage()
        self.hide = hide
        self.agent = agent
        self.purpose = purpose
        self.store = Store(root)
        self._unknown: set[tuple[str, str]] = set()  # what the server has refused to be asked with
        self.server: Server | None = None if agent.replay else server_of(agent)
        self.model = self.server.model if self.server else model_of(agent)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        if "_openai" in vars(self):
            self._openai.close()

    def chat(
        self,
        messages: Sequence[dict[str, Any]],
        schema: dict[str, Any] | None = None,
        tools: Sequence[dict[str, Any]] = (),
        longest: int | None = None,
    ) -> Reply:
        """Ask for the next message.

        Parameters
        ----------
        messages : of the chat-completions protocol
        schema : strict JSON schema of the answer; a server that refuses structured output is asked without
        tools : functions the model may ask for, in the protocol's form
        longest : tokens of the answer, at most; None: agent.answer_tokens

        Raises
        ------
        CallFailed
            There is no answer.
        ReplayMissing
            agent.replay, and the answer was never kept.
        """
        request: dict[str, Any] = {**self.agent.options, "messages": [self._hidden(said) for said in messages]}
        request["longest"] = longest or self.agent.answer_tokens
        if schema is not None:
            shaped = {"name": "answer", "strict": True, "schema": schema}
            request["response_format"] = {"type": "json_schema", "json_schema": shaped}
        if tools:
            request["tools"] = list(tools)
        return self._chat_plainer(request)

    def _chat_plainer(self, request: dict[str, Any]) -> Reply:
        """What a plain server knows nothing of is left out, one thing after the other; once refused, from the start."""
        missing: ReplayMissing | None = None
        for without in [name for name in ("tools", "response_format") if name in request]:
            refused = (without, digest_of(request[without]))
            try:
                if refused not in self._unknown:
                    return self._chat(request)
            except CallFailed as error:
                if error.kind != "rejected":
                    raise
                self._unknown.add(refused)
            except ReplayMissing as error:
                # The night may have known by then that the server refuses it.
                missing = missing or error
            request = {name: value for name, value in request.items() if name != without}
        try:
            return self._chat(request)
        except ReplayMissing as error:
            raise missing or error from None

    def _hidden(self, message: dict[str, Any]) -> dict[str, Any]:
        """The system's words are ours: rules and schemas, which may look like names."""
        if message["role"] == "system" or not isinstance(message.get("content"), str):
            return dict(message)
        return {**message, "content": self.hide(message["content"])}

    def _chat(self, request: dict[str, Any]) -> Reply:
        most = int(len(json.dumps(request, ensure_ascii=False).encode()) / _BYTES_A_TOKEN) + request["longest"]

        def send() -> tuple[dict[str, Any], Usage]:
            field_name = "max_completion_tokens" if self.server.hosted else "max_tokens"
            body = {name: value for name, value in request.items() if name not in ("longest", "messages")}
            answer = self._openai.chat.completions.create(
                model=self.model, messages=request["messages"], extra_body={**body, field_name: request["longest"]}
            )
            return message_of(answer), self._usage(answer, most)

        kept = self._ask("chat", self.model, request, self._cost(self.model, most, request["longest"]), send)
        return Reply(kept["content"], kept["tools"], kept["refusal"], kept["cut"])

    def embed(self, texts: Sequence[str], model: str) -> list[array]:
        """float32 vectors of texts, in their order; a replay fails where the night did, whatever was answered since."""
        digests = [digest_of(text) for text in texts]
        whole, purpose = digest_of(["embeddings", model, sorted(set(digests))]), self.purpose + REFUSED
        if self.agent.replay:
            if failed := self.store.failure(whole, purpose):
                raise CallFailed(*failed)
            return self._embed_all(digests, texts, model)
        try:
            vectors = self._embed_all(digests, texts, model)
        except CallFailed as error:
            self.store.fail(whole, purpose, error.kind, error.reason)
            raise
        self.store.forget_failure(whole, purpose)
        return vectors

    def _embed_all(self, digests: list[str], texts: Sequence[str], model: str) -> list[array]:
        known = self.store.vectors(model, sorted(set(digests)))
        missing = {key: text for key, text in zip(digests, texts, strict=True) if key not in known}
        for start in range(0, len(missing), _TEXTS_AT_ONCE):
            part = dict(list(missing.items())[start : start + _TEXTS_AT_ONCE])
            known |= self._embed(part, model)
        return [array("f", known[key]) for key in digests]

    def _embed(self, part: dict[str, str], model: str) -> dict[str, bytes]:
        most = int(sum(len(text.encode()) for text in part.values()) / _BYTES_A_TOKEN) + len(part)

        def send() -> tuple[dict[str, Any], Usage]:
            texts = list(part.values())
            answer = self._openai.embeddings.create(model=model, input=texts, encoding_format="float")
            vectors = [array("f", item.embedding) for item in sorted(answer.data, key=lambda item: item.index)]
            if len(vectors) != len(part) or len({len(vector) for vector in vectors}) != 1:
                raise ValueError(f"{len(vectors)} embeddings for {len(part)} texts")
            used = self._usage(answer, most, model)
            return {"vectors": [base64.b64encode(vector.tobytes()).decode() for vector in vectors]}, used

        request = {"texts": list(part)}
        kept = self._ask("embeddings", model, request, self._cost(model, most, 0), send)
        vectors = {key: base64.b64decode(text) for key, text in zip(part, kept["vectors"], strict=True)}
        self.store.keep_vectors(model, vectors)
        return vectors

    def transcribe(self, path: str | Path) -> dict[str, Any]:
        """What is said in a recording: {"text", "segments": [{"start", "end", "text", "speaker"}]}, speaker where told."""
        model, path = self.agent.transcription_model, Path(path)

        def send() -> tuple[dict[str, Any], Usage]:
            answer = self._transcription(path, model)
            return spoken_in(answer), self._usage(answer, 0, model)

        price = self.agent.prices.get(model)
        longest = path.stat().st_size / _BYTES_A_SECOND / 60  # minutes
        cost = int(longest * _TOKENS_A_MINUTE), price.minute * longest if price else 0.0
        return self._ask("transcription", model, {"file": digest_of_file(path)}, cost, send)

    def _transcription(self, path: Path, model: str) -> Any:
        """With segments where the model has them: some (gpt-4o-transcribe) know plain text alone, and reject the rest."""
        import openai

        diarised = "diarize" in model
        options = {"response_format": "diarized_json" if diarised else "verbose_json"}
        options |= {"chunking_strategy": "auto"} if diarised else {}
        for asked in (options, {"response_format": "json"}):
            try:
                with path.open("rb") as handle:
                    return self._openai.audio.transcriptions.create(model=model, file=handle, extra_body=asked)
            except openai.BadRequestError as error:
                if asked is not options or "response_format" not in str(error):
                    raise
        raise AssertionError("not reached")

    def web_search(self, question: str) -> str:
        """What the server's own web search says, with its sources; servers without one reject it."""
        most = int(len(question.encode()) / _BYTES_A_TOKEN) + 4 * self.agent.answer_tokens

        def send() -> tuple[dict[str, Any], Usage]:
            answer = self._openai.responses.create(
                model=self.model,
                input=question,
                tools=[{"type": "web_search"}],
                max_output_tokens=self.agent.answer_tokens,
            )
            used = self._usage(answer, most)
            return {"text": answer.output_text}, replace(used, money=used.money + fee)

        price = self.agent.prices.get(self.model or "")
        fee = price.search if price else 0.0
        tokens, money = self._cost(self.model, most, most)
        return self._ask("web_search", self.model, {"question": question}, (tokens, money + fee), send)["text"]

    def look_up(self, endpoint: str, request: dict[str, Any], send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Something that costs nothing and comes from elsewhere, kept likewise: a page, a list of papers."""
        return self._ask(endpoint, "", request, (0, 0.0), lambda: (send(), Usage(calls=1)))

    def _ask(
        self,
        endpoint: str,
        model: str | None,
        content: dict[str, Any],
        cost: tuple[int, float],
        send: Callable[[], tuple[dict[str, Any], Usage]],
    ) -> dict[str, Any]:
        if model is None:
            raise CallFailed("unconfigured", "no language model is configured (agent.model)")
        request = {"endpoint": endpoint, "model": model, **content}
        digest = digest_of(request)
        # Another purpose may have had the answer later: it is no answer to this one in a replay.
        failed = self.store.failure(digest, self.purpose)
        kept = None if failed and self.agent.replay else self.store.answer(digest)
        if kept is not None:
            if failed:
                self.store.forget_failure(digest, self.purpose)
            self.used += kept[1]
            return kept[0]
        if self.agent.replay:
            raise CallFailed(*failed) if failed else self._missing(digest, request)
        if self.server is None and model:
            remedy = f"set agent.model, and put the key into ${self.agent.key_env} or set agent.base_url"
            raise CallFailed("unconfigured", f"no server is configured to ask for {model}: {remedy}")
        if self.agent.budget.money is not None and model and model not in self.agent.prices:
            raise self._failed(digest, CallFailed("budget", _no_price(model)))
        if cost != (0, 0.0):
            most = (self.agent.budget.tokens, self.agent.budget.money)
            if refused := self.store.reserve(digest, *cost, most):
                raise self._failed(digest, CallFailed("budget", refused))
        try:
            answer, usage = send()
        except Exception as error:
            raise self._failed(digest, self._reason(error)) from None
        clean = json.loads(self._clean(json.dumps(answer)))
        said = json.loads(self._clean(json.dumps(request)))
        kept, usage = self.store.keep(digest, said, clean, usage, self.purpose)
        self.used += usage
        return kept

    def _missing(self, digest: str, request: dict[str, Any]) -> ReplayMissing:
        return ReplayMissing(
            f"agent.replay: {PLACE} has no answer to request {digest} ({request['endpoint']}, model {request['model']!r}, "
            f"for {self.purpose})\n    -> replay with the data, configuration and versions of the recorded night, or set "
            "agent.replay: false"
        )

    def _failed(self, digest: str, error: CallFailed) -> CallFailed:
        self.store.fail(digest, self.purpose, error.kind, error.reason, spent=error.kind in _MAY_COST)
        return error

    def _reason(self, error: Exception) -> CallFailed:
        return error if isinstance(error, CallFailed) else blame(error, self.agent, self._clean)

    def _clean(self, text: str) -> str:
        return self.server.clean(text) if self.server else text

    def _cost(self, model: str | None, tokens: int, out: int) -> tuple[int, float]:
        return tokens, self.money(model, tokens - min(out, tokens), out)

    def money(self, model: str | None, tokens_in: float, tokens_out: float) -> float:
        """Price of so many tokens; 0 where the model has none in agent.prices."""
        price = self.agent.prices.get(model or "")
        return (tokens_in * price.input + tokens_out * price.output) / 1e6 if price else 0.0

    def _usage(self, answer: Any, most: int, model: str | None = None) -> Usage:
        """What the server counted; where it counts nothing, the estimate that was set aside."""
        used = getattr(answer, "usage", None)
        told = [
            count_in(used, *names)
            for names in (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"))
        ]
        tokens_in, tokens_out = (told[0] or 0, told[1] or 0) if any(told) else (most, 0)
        money = self.money(model or self.model, tokens_in, tokens_out)
        price = self.agent.prices.get(model or self.model or "")
        seconds = getattr(answer, "duration", None) or getattr(used, "seconds", None) or 0
        return Usage(tokens_in, tokens_out, money + (price.minute * float(seconds) / 60 if price else 0.0), 1)

    @cached_property
    def _openai(self) -> openai.OpenAI:
        import openai

        from nightshift.llm.bounded import bounded

        http = openai.DefaultHttpxClient(timeout=self.agent.timeout, event_hooks=bounded(self.agent.timeout))
        return openai.OpenAI(
            api_key=self.server.key,
            base_url=self.server.base_url,
            max_retries=self.agent.tries - 1,
            timeout=self.agent.timeout,
            http_client=http,
        )


def _no_price(model: str) -> str:
    return f"agent.budget.money needs the price of {model}: add it to agent.prices"
