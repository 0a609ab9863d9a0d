"""A model's server on loopback that speaks the chat-completions, embeddings, transcription and responses protocol, scripted.

A script is a function of the request's body; it returns a dict (a chat message), a string (its content), or a `Fault`. The
server counts what was asked, so that a test can say that nothing was asked twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-loopback-4f1d9a77c0ffee"


@dataclass(frozen=True)
class Fault:
    """What goes wrong: an HTTP status, a body that is no answer, a hang, a cut connection, a drip."""

    status: int = 200
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    how: str = "body"


def hangs() -> Fault:
    return Fault(how="hang")


def cut() -> Fault:
    return Fault(how="cut")


def drips() -> Fault:
    return Fault(how="drip")


FAULTS: dict[str, Callable[[], Any]] = {
    "invalid JSON": lambda: Fault(body='{"choices": [{"mess'),
    "prose": lambda: "Certainly! I would try a bigger model.",
    "half a JSON": lambda: '{"hypothesis": "Words of the',
    "schema violation": lambda: json.dumps({"hypothesis": 7, "views": "all of them"}),
    "unknown learner": lambda: json.dumps(an_answer(learner={"kind": "quantum", "c": 1.0})),
    "refusal": lambda: {"role": "assistant", "content": None, "refusal": "I cannot help with that."},
    "empty": lambda: "",
    "no choices": lambda: Fault(body=json.dumps({"choices": []})),
    "HTML": lambda: Fault(body="<html>a proxy's page</html>", headers={"Content-Type": "text/html"}),
    "401": lambda: Fault(401, json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}."}})),
    "400": lambda: Fault(400, json.dumps({"error": {"message": "response_format is not supported"}})),
    "429": lambda: Fault(429, json.dumps({"error": {"message": "slow down"}}), {"Retry-After-Ms": "30"}),
    "429 Retry-After": lambda: Fault(429, json.dumps({"error": {"message": "slow down"}}), {"Retry-After": "1"}),
    "500": lambda: Fault(500, json.dumps({"error": {"message": "boom"}}), {"Retry-After-Ms": "20"}),
    "hang": hangs,
    "cut": cut,
    "drip": drips,
    "very long": lambda: "tokens and tokens " * 100_000,
}


def an_answer(hypothesis: str = "Words of the customer decide.", learner: dict | None = None, **more: Any) -> dict:
    """A valid proposal of one base, in the form that the strict schema asks for."""
    view = {"kind": "words", "speakers": ["customer"], "calls": None, "part": None, "share": None, "turns": None}
    base = {"views": ["words"], "bases": None, "terms": None, "segment": None, "seeds": None}
    content = {
        "hypothesis": hypothesis,
        "parent": None,
        "memo": None,
        "views": [{"name": "words", "value": {**view, "ngrams": 1}}],
        "bases": [{"name": "words", "value": {**base, "learner": learner or {"kind": "logistic", "c": 0.5}}}],
        "stack": None,
    }
    return content | more


class ModelServer:
    """Runs in a thread; `url` is its base URL.

    Attributes
    ----------
    chat : script of chat requests
    asked : (path, body) of every request, in order
    """

    def __init__(self, chat: Callable[[dict], Any] | None = None):
        self.chat = chat or (lambda body: json.dumps(an_answer()))
        self.embed: Callable[[str], Any] = made_up_vector
        self.transcribe: Callable[[bytes], Any] = lambda file: {"text": "hello", "segments": []}
        self.asked: list[tuple[str, Any]] = []
        self.keys: list[str | None] = []
        self.together = self.most_together = 0
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> ModelServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def of(self, path: str) -> list[Any]:
        """Bodies of the requests to a path, such as chat/completions."""
        return [body for where, body in self.asked if where.endswith(path)]

    def twice(self) -> list[str]:
        """Chat requests that came more than once."""
        count = Counter(json.dumps(body, sort_keys=True) for body in self.of("chat/completions"))
        return [body for body, times in count.items() if times > 1]

    def answer(self, path: str, body: Any, raw: bytes) -> Any:
        """What a request gets: JSON, or a Fault."""
        if path.endswith("chat/completions"):
            said = self.chat(body)
            return said if isinstance(said, Fault) else chat_answer(said, body)
        if path.endswith("embeddings"):
            vectors = [self.embed(text) for text in body["input"]]
            fault = next((vector for vector in vectors if isinstance(vector, Fault)), None)
            data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
            used = {"prompt_tokens": 10 * len(vectors), "total_tokens": 10 * len(vectors)}
            return fault or {"object": "list", "model": body["model"], "data": data, "usage": used}
        if path.endswith("audio/transcriptions"):
            return self.transcribe(raw)
        if path.endswith("responses"):
            text = {"type": "output_text", "text": "found on the web", "annotations": []}
            message = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [text]}
            used = {"input_tokens": 5, "output_tokens": 5, "total_tokens": 10}
            return {"id": "r", "object": "response", "output": [message], "usage": used}
        return Fault(404, json.dumps({"error": {"message": "no such place"}}))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with contextlib.suppress(ValueError):
                    body: Any = None
                    body = json.loads(raw)
                with server.lock:
                    server.asked.append((self.path, body))
                    server.keys.append(self.headers.get("Authorization"))
                    server.together += 1
                    server.most_together = max(server.most_together, server.together)
                try:
                    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                        send(self, server.answer(self.path, body, raw), server.stopped)
                finally:
                    with server.lock:
                        server.together -= 1

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def send(handler: BaseHTTPRequestHandler, said: Any, stopped: threading.Event) -> None:
    fault = said if isinstance(said, Fault) else Fault(body=json.dumps(said))
    body = (fault.body or json.dumps(chat_answer("{}", {}))).encode()
    if fault.how == "hang":
        stopped.wait(30)
        handler.close_connection = True
        return
    handler.send_response(fault.status)
    for name, value in {"Content-Type": "application/json", **fault.headers}.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body) + (1000 if fault.how in ("cut", "drip") else 0)))
    handler.end_headers()
    if fault.how == "drip":
        for _ in range(300):
            if stopped.wait(0.1):
                break
            handler.wfile.write(b" ")
            handler.wfile.flush()
        return
    handler.wfile.write(body[: len(body) // 2] if fault.how == "cut" else body)
    handler.wfile.flush()
    if fault.how == "cut":
        handler.close_connection = True
        with contextlib.suppress(OSError):
            handler.connection.shutdown(socket.SHUT_RDWR)


def chat_answer(said: Any, body: Any) -> dict:
    """A completion whose usage depends on the request alone."""
    message = said if isinstance(said, dict) else {"role": "assistant", "content": said}
    finish = "tool_calls" if message.get("tool_calls") else "stop"
    tokens_in = len(json.dumps(body)) // 4
    tokens_out = len(json.dumps(message)) // 4
    used = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", **message}}
    return {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": used}


def tool_call(name: str, **arguments: Any) -> dict:
    """A message that asks for a tool."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "t1", "type": "function", "function": function}],
    }


def made_up_vector(text: str, size: int = 8) -> list[float]:
    bits = hashlib.sha256(text.encode()).digest()
    return [bits[i] / 255 - 0.5 for i in range(size)]


@contextlib.contextmanager
def model_server(chat: Callable[[dict], Any] | None = None) -> Iterator[ModelServer]:
    with ModelServer(chat) as server:
        yield server


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
