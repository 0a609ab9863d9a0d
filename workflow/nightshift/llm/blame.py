"""What a request failed of: every error of a server or connection as one of few kinds, in words without a key."""

from __future__ import annotations

from collections.abc import Callable

from nightshift.config_agent import Agent
from nightshift.errors import NightshiftError
from nightshift.llm.errors import CallFailed

_LONGEST_REASON = 300
# llama.cpp answers 500, not 400, where it was started without what tools need, or cannot compile a schema.
_UNKNOWN_TO_SERVERS = ("--jinja", "tools param", "grammar", "response_format")
_WORDS = {
    "rate": "the server is busy (429), {tries}: {said}",
    "timeout": "no answer within {timeout:g} s, {tries}",
    "connection": "no connection, {tries}: {said}",
    "server": "the server is broken, {tries}: {said}",
    "rejected": "the server rejects the request: {said}",
    "nonsense": "the server's answer makes no sense: {said}",
}


def blame(error: Exception, agent: Agent, clean: Callable[[str], str]) -> CallFailed:
    """The failure that an error of a request means.

    Parameters
    ----------
    error : of the openai package or httpx2, or anything that reading an answer raised
    agent : Agent, for the words
    clean : takes the key out of what a server echoes
    """
    import httpx2
    import openai

    if isinstance(error, NightshiftError):
        return CallFailed("refused", str(error))
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        # Servers quote a part of the key here.
        return CallFailed("auth", f"the server refuses the key ({error.status_code}): look at ${agent.key_env}")
    kinds = {
        openai.RateLimitError: "rate",
        openai.APITimeoutError: "timeout",
        openai.APIConnectionError: "connection",
        openai.InternalServerError: "server",
        openai.APIStatusError: "rejected",
        httpx2.HTTPError: "connection",
    }
    kind = next((name for cause, name in kinds.items() if isinstance(error, cause)), "nonsense")
    said = " ".join(clean(str(error)).split())[:_LONGEST_REASON]
    if kind == "server" and any(word in said.lower() for word in _UNKNOWN_TO_SERVERS):
        kind = "rejected"
    tries = "1 try" if agent.tries == 1 else f"{agent.tries} tries"
    return CallFailed(kind, _WORDS[kind].format(said=said, tries=tries, timeout=agent.timeout))
