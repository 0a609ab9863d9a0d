"""Which server, which model, which key: from the configuration and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from nightshift.config_agent import Agent
from nightshift.errors import Problem

MODEL, BASE_URL = "NIGHTSHIFT_MODEL", "OPENAI_BASE_URL"
_HOSTED = "https://api.openai.com/v1"
_NO_KEY = "none"  # the client wants one, local servers do not


@dataclass(frozen=True)
class Server:
    """A configured server.

    Attributes
    ----------
    model : its model's name
    base_url : address
    key : secret; neither in the representation nor in any file
    """

    model: str
    base_url: str
    key: str = field(repr=False)

    @property
    def hosted(self) -> bool:
        """Whether it is OpenAI's own API."""
        return self.base_url.rstrip("/").startswith("https://api.openai.com")

    def clean(self, text: str) -> str:
        """A text without the key."""
        return text.replace(self.key, "[key]") if len(self.key) > len(_NO_KEY) else text


def model_of(agent: Agent, environment: Mapping[str, str] = os.environ) -> str | None:
    return agent.model or environment.get(MODEL) or None


def server_of(agent: Agent, environment: Mapping[str, str] = os.environ) -> Server | None:
    """The configured server; None without a model, or without both key and address."""
    model, base_url = model_of(agent, environment), agent.base_url or environment.get(BASE_URL) or None
    key = _key_of(agent, environment)
    if model is None or (key is None and base_url is None):
        return None
    return Server(model, base_url or _HOSTED, key or _NO_KEY)


def backend_of(agent: Agent, environment: Mapping[str, str] = os.environ) -> Literal["search", "llm", "hybrid"]:
    """Who proposes: as configured, else hybrid where there is a model to ask, else search."""
    if agent.backend is not None:
        return agent.backend
    asked = model_of(agent, environment) is not None and agent.replay
    return "hybrid" if asked or server_of(agent, environment) else "search"


def hint_of(agent: Agent, environment: Mapping[str, str] = os.environ) -> str:
    """What is missing to the server of somebody who has a key or an address, but named no model; "" where nothing is."""
    if agent.backend is not None or model_of(agent, environment) is not None:
        return ""
    base_url = agent.base_url or environment.get(BASE_URL)
    there = "an address" if base_url else f"a key in ${agent.key_env}" if _key_of(agent, environment) else ""
    remedy = f"Set agent.model (or ${MODEL}) to have it propose too; README.md, 'With a language model'"
    return f"The search proposed alone: there is {there}, but no model is named. {remedy}" if there else ""


def problems_of(
    agent: Agent, environment: Mapping[str, str] = os.environ, root: Path = Path(), audio: bool = False
) -> list[Problem]:
    """What is wrong with the section `agent`, before the first experiment; `audio`: recordings are transcribed."""
    file, problems = "config/config.yaml", []
    model = model_of(agent, environment)
    if agent.key_file and Path(agent.key_file).expanduser().resolve().is_relative_to(root.resolve()):
        problems.append(
            Problem("agent.key_file lies inside the project", "move the key elsewhere, e.g. ~/.config", file)
        )
    elif agent.key_file and not Path(agent.key_file).expanduser().is_file():
        problems.append(
            Problem(f"agent.key_file: there is no file {agent.key_file}", "name one, or use agent.key_env", file)
        )
    if agent.base_url and "@" in agent.base_url:
        problems.append(
            Problem("agent.base_url holds a user or password", "put the key into the environment instead", file)
        )
    if agent.replay and model is None:
        problems.append(
            Problem(
                "agent.replay does not know which model's answers to replay",
                f"set agent.model (or ${MODEL}) to the model of the recorded night",
                file,
            )
        )
    if agent.backend in ("llm", "hybrid") and server_of(agent, environment) is None and not (agent.replay and model):
        problems.append(
            Problem(
                f"agent.backend {agent.backend} has no server to ask",
                f"set agent.model (or ${MODEL}) and put the key into ${agent.key_env}, or set agent.base_url for a local "
                "server; README.md, 'With a language model'",
                file,
            )
        )
    for name in _without_price(agent, model, audio):
        problems.append(
            Problem(
                f"agent.budget.money needs the price of {name}",
                f"add it: prices: {{{name}: {{input: 1, output: 2, minute: 0}}}}",
                file,
            )
        )
    return problems


def _without_price(agent: Agent, model: str | None, audio: bool) -> list[str]:
    """Models that will be asked, and that a budget in money cannot count."""
    if agent.budget.money is None:
        return []
    asked = [model, agent.embedding.model, agent.transcription_model if audio else None]
    return [name for name in dict.fromkeys(asked) if name is not None and name not in agent.prices]


def _key_of(agent: Agent, environment: Mapping[str, str]) -> str | None:
    path = Path(agent.key_file).expanduser() if agent.key_file else None
    if path is not None and path.is_file():
        return path.read_text(encoding="utf-8").strip() or None
    return environment.get(agent.key_env, "").strip() or None
