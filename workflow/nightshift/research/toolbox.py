"""Read-only tools over a night's development data, for the research sub-agent and the duck.

Each is a function of the library that answers in text. None sees the holdout or the verdict. What holds values of cells or
what is said in calls is answered only as far as agent.send allows, and says so otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nightshift.agents.history import History
from nightshift.agents.words import (
    composition,
    correlation_lines,
    correlations,
    hypothesis_of,
    ledger_table,
    shortened,
    shown,
)
from nightshift.config_agent import Agent
from nightshift.contain import attempt
from nightshift.data.development import Development, read_development, read_raw
from nightshift.errors import NightshiftError
from nightshift.limits import Limits
from nightshift.llm.client import Client
from nightshift.llm.errors import ReplayMissing
from nightshift.llm.hiding import hiding
from nightshift.llm.privacy import check_send, masked, may_send
from nightshift.names import DEVELOPMENT, EXPERIMENTS
from nightshift.research import evidence, literature
from nightshift.scoring import read_scores
from nightshift.views.base import RawData

NOTES = "config/notes"
_LONGEST = 8000  # characters of an answer
_MOST_CASES = 8
_OF_THE_WORLD = ("arxiv_search", "arxiv_abstract", "read_page", "web_search")
_LIMITS = Limits(seconds=600)  # of a tool that computes


@dataclass(frozen=True)
class Tool:
    """One tool in the words of the protocol, and what it does with its arguments; what `computes` is contained."""

    name: str
    description: str
    parameters: dict[str, dict[str, Any]]
    run: Callable[..., str]
    computes: bool = False

    def spec(self) -> dict[str, Any]:
        schema = {
            "type": "object",
            "properties": self.parameters,
            "required": list(self.parameters),
            "additionalProperties": False,
        }
        function = {"name": self.name, "description": self.description, "parameters": schema}
        return {"type": "function", "function": function}


class Toolbox:
    """Tools over the night in the working directory.

    Parameters
    ----------
    history : what may be known of the night
    agent : Agent, the configuration
    client : Client, for pages and the server's web search
    seed : search.seed
    """

    def __init__(self, history: History, agent: Agent, client: Client, seed: int):
        self.history, self.agent, self.client, self.seed = history, agent, client, seed
        self.said: list[str] = []  # every answer, as the model sees it
        self.read: list[str] = []  # those of tools that worked: what may be cited
        self.has_read = False  # anything that somebody else wrote

    @cached_property
    def tools(self) -> dict[str, Tool]:
        """By name; literature and web search only where the configuration opens them."""
        found = [*self._of_the_night(), *self._of_the_data()]
        if self.agent.research.literature:
            found += self._of_the_world()
        if self.agent.research.web_search:
            ask = {"question": {"type": "string"}}
            found.append(Tool("web_search", "Search the web by the model's server.", ask, self.client.web_search))
        return {tool.name: tool for tool in found}

    def specs(self) -> list[dict[str, Any]]:
        return [tool.spec() for tool in self.tools.values()]

    def call(self, name: str, arguments: str) -> str:
        """Use a tool; whatever goes wrong is an answer too."""
        tool = self.tools.get(name)
        if tool is None:
            return f"there is no tool {name!r}; there are {', '.join(self.tools)}"
        try:
            given = json.loads(arguments or "{}")
            if not isinstance(given, dict):
                raise ValueError("the arguments are no JSON object")
            wanted = {key: given[key] for key in tool.parameters}
            said = self._contained(tool, wanted) if tool.computes else tool.run(**wanted)
            self.read.append(said)
            self.has_read |= name in _OF_THE_WORLD
        except ReplayMissing:
            raise  # no answer of a tool, but the end of the replay
        except KeyError as error:
            said = f"the argument {error} is missing"
        except NightshiftError as error:
            said = str(error)
        except Exception as error:
            said = f"it failed: {shown(f'{type(error).__name__}: {error}', self.agent)}"
        said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}\n(cut)"
        self.said.append(said)
        return said

    def _contained(self, tool: Tool, wanted: dict[str, Any]) -> str:
        """Use a tool in a child with limits: whatever it does, the proposal goes on."""
        done = attempt(lambda: tool.run(**wanted), _LIMITS)
        return done.value if done.failure is None else shown(f"it failed: {done.failure.reason}", self.agent)

    def _of_the_night(self) -> list[Tool]:
        exp = {"experiment": {"type": "string", "description": "Such as exp-0007."}}
        return [
            Tool("ledger", "All experiments: status, scores, hypotheses.", {}, self.ledger),
            Tool(
                "experiment",
                "What one experiment is made of, its scores and why it was kept or not.",
                exp,
                self.experiment,
            ),
            Tool(
                "correlations",
                "Correlations of the out-of-fold predictions of an experiment's bases.",
                exp,
                self.correlations,
            ),
            Tool("notes", "Notes that people keep for you (config/notes).", {}, self.notes),
        ]

    def _of_the_data(self) -> list[Tool]:
        count = {"count": {"type": "integer", "description": f"1 to {_MOST_CASES}."}}
        sql = {"sql": {"type": "string"}}
        return [
            Tool("slices", "Where the champion errs: its AUC in slices of the cases.", {}, self.slices, True),
            Tool(
                "importances",
                "What the champion goes by: loss of AUC when a view or column is shuffled.",
                {},
                self.importances,
                True,
            ),
            Tool(
                "learning_curve",
                "Would more cases help? AUC of the champion's heaviest base on parts of them.",
                {},
                self.learning_curve,
                True,
            ),
            Tool(
                "wrong_cases",
                "Cases that the champion is most confidently wrong about, with their transcripts.",
                count,
                self.wrong_cases,
            ),
            Tool(
                "sql",
                "One DuckDB SELECT over cases, turns and labels(case_id, target, predicted); 50 rows at most.",
                sql,
                self.sql,
            ),
        ]

    def _of_the_world(self) -> list[Tool]:
        research, client = self.agent.research, self.client
        return [
            Tool(
                "arxiv_search",
                "Search arXiv.",
                {"query": {"type": "string"}},
                lambda query: literature.search_arxiv(client, research, query),
            ),
            Tool(
                "arxiv_abstract",
                "The whole abstract of a paper by its number.",
                {"paper": {"type": "string"}},
                lambda paper: literature.arxiv_abstract(client, research, paper),
            ),
            Tool(
                "read_page",
                f"A page of {', '.join(research.hosts)} as text.",
                {"address": {"type": "string"}},
                lambda address: literature.read_page(client, research, address),
            ),
        ]

    @cached_property
    def raw(self) -> RawData:
        return read_raw(DEVELOPMENT)

    @cached_property
    def development(self) -> Development:
        return read_development(DEVELOPMENT)

    def champion(self) -> str:
        champion = self.history.champion()
        if champion is None:
            raise NightshiftError("there is no champion yet")
        return champion.experiment.id

    def ledger(self) -> str:
        return ledger_table(self.history, self.agent, last=200)

    def _past(self, experiment: str) -> Any:
        found = next((past for past in self.history.past if past.experiment.id == experiment), None)
        if found is None:
            raise NightshiftError(f"there is no {experiment!r}; the last is exp-{len(self.history.past) - 1:04d}")
        return found

    def experiment(self, experiment: str) -> str:
        past = self._past(experiment)
        why = shown((past.metrics or {}).get("reason", "it is still running"), self.agent)
        return (
            f"{composition(past, self.agent)}\nhypothesis: {hypothesis_of(past.experiment, self.agent)}\noutcome: {why}"
        )

    def correlations(self, experiment: str) -> str:
        past = self._past(experiment)
        if past.metrics is None:
            # What is there already depends on how fast its jobs run, and an answer must not.
            return f"{past.experiment.id} is still running"
        return correlation_lines(correlations(past), 60) or "there are none: one base, or no predictions"

    def notes(self) -> str:
        files = sorted(path for path in Path(NOTES).glob("*") if path.suffix in (".md", ".txt"))
        told = [f"### {path.name}\n{path.read_text(encoding='utf-8', errors='replace')[:4000]}" for path in files]
        return "\n\n".join(told) or f"there are no notes in {NOTES}/"

    def slices(self) -> str:
        scores = read_scores(Path(EXPERIMENTS, self.champion(), "oof.parquet"))
        return evidence.slice_lines(self.raw, scores, self.development, may_send(self.agent, "columns"))

    def importances(self) -> str:
        return evidence.importance_lines(self.champion(), self.development, self.seed)

    def learning_curve(self) -> str:
        return evidence.learning_lines(self.champion(), self.development, self.seed)

    def wrong_cases(self, count: int) -> str:
        check_send(self.agent, "transcripts", "the tool wrong_cases")
        scores = read_scores(Path(EXPERIMENTS, self.champion(), "oof.parquet"))
        wrong = evidence.most_wrong(scores, self.development.y, min(max(1, int(count)), _MOST_CASES))
        return "\n\n".join(self._case(row, predicted) for row, predicted in wrong)

    def _case(self, row: int, predicted: float) -> str:
        case = self.raw.cases.iloc[row]
        turns = self.raw.turns[self.raw.turns["case_id"] == case["case_id"]]
        said = "\n".join(f"{who}: {text}" for who, text in zip(turns["speaker"], turns["text"], strict=True))
        columns = ", ".join(f"{name} {case[name]}" for name in self.raw.kinds)
        text = f"true {self.development.y[row]}, predicted {predicted:.2f}\n{shortened(columns, 1500)}\n{said[:3000]}"
        return self.hide(text, row)

    def hide(self, text: str, row: int | None = None) -> str:
        """A text with what agent.mask and agent.mask_names say hidden; `row`: of the case, None: of all cases."""
        if not (self.agent.mask or self.agent.mask_names):
            return text
        if row is None:
            return self._hide_all(text)
        known = [name for name in self.agent.mask_names if name in self.raw.cases]
        return masked(text, [str(name) for name in self.raw.cases[known].iloc[row].dropna()])

    @cached_property
    def _hide_all(self) -> Callable[[str], str]:
        return hiding(self.agent)

    def sql(self, sql: str) -> str:
        check_send(self.agent, "columns", "the tool sql")
        scores = read_scores(Path(EXPERIMENTS, self.champion(), "oof.parquet"))
        with_turns = may_send(self.agent, "transcripts")
        return self.hide(evidence.query(sql, self.raw, self.development, scores, with_turns))
