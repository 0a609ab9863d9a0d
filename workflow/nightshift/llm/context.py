"""Who asks: views get a client without knowing of configuration files.

A script says it with `asking`; elsewhere (nightshift.predict) it is the configuration of the working directory, or that of
the environment alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from nightshift.config_agent import Agent

_CONFIG = "config/config.yaml"


@dataclass(frozen=True)
class Asking:
    """Configuration and purpose of what is asked.

    Attributes
    ----------
    agent : Agent
    purpose : who pays, as for `nightshift.llm.client.Client`
    strict : whether what cannot be paid in full is refused at once, rather than left out as missing
    """

    agent: Agent
    purpose: str
    strict: bool = False


_ASKING: ContextVar[Asking | None] = ContextVar("asking", default=None)


@contextlib.contextmanager
def asking(agent: Agent, purpose: str, strict: bool = False) -> Iterator[None]:
    """Let views ask with this configuration."""
    token = _ASKING.set(Asking(agent, purpose, strict))
    try:
        yield
    finally:
        _ASKING.reset(token)


def who_asks() -> Asking:
    """The configuration in force."""
    return _ASKING.get() or Asking(_of_working_directory(), "predict")


def _of_working_directory() -> Agent:
    if not Path(_CONFIG).is_file():
        return Agent()
    import yaml

    from nightshift.config import parse_config

    return parse_config(yaml.safe_load(Path(_CONFIG).read_text(encoding="utf-8")), _CONFIG).agent
