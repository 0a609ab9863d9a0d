"""View `rubric`: questions that a language model answers for each transcript."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nightshift.llm.context import who_asks
from nightshift.llm.privacy import may_send
from nightshift.llm.server import model_of, server_of
from nightshift.views.base import Columns, RawData
from nightshift.views.transcripts import pieces_of, texts_of
from nightshift.views.turns import TextView

if TYPE_CHECKING:
    from nightshift.config_agent import Agent

LONGEST_PIECE = 24_000  # characters
_LONGEST_NAME = 40


class Question(BaseModel):
    """One question with a typed answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ask: Annotated[str, Field(min_length=5, max_length=500)] = Field(
        description="Such as 'Does the customer name a competitor?'"
    )
    answer: Literal["yes_no", "score", "choice"] = Field(
        "yes_no", description="yes_no, score (0 to 10), or choice (one of `choices`)."
    )
    choices: tuple[str, ...] = Field((), max_length=20, description="choice: what may be answered.")

    @model_validator(mode="after")
    def _choices_fit(self) -> Question:
        if (self.answer == "choice") != (len(self.choices) > 1):
            raise ValueError("choices: at least two, with answer choice and with no other")
        if len(set(self.choices)) < len(self.choices) or any(not 0 < len(one) <= 60 for one in self.choices):
            raise ValueError("choices: different texts of 1 to 60 letters")
        return self

    @property
    def name(self) -> str:
        """The column of its answers."""
        return re.sub(r"\W+", " ", self.ask).strip()[:_LONGEST_NAME]


class RubricView(TextView):
    """Answers of a language model to questions about each transcript: 1 or 0, a number from 0 to 10, or a category.

    Every transcript is asked about by itself, and every answer is kept: a question about a transcript is asked once. An answer
    that fails is a missing value. Long transcripts are asked about in pieces: yes if one piece says yes, the mean of scores, the
    choice of the longest part. Needs agent.send: transcripts.
    """

    asks: ClassVar[bool] = True
    libraries: ClassVar[tuple[str, ...]] = ("numpy", "pandas", "openai")
    modules: ClassVar[tuple[str, ...]] = ("nightshift.rubric", "nightshift.views.transcripts", "nightshift.llm.privacy")

    kind: Literal["rubric"] = "rubric"
    questions: tuple[Question, ...] = Field(min_length=1, max_length=20, description="What to ask.")
    model: str | None = Field(None, description="Model that answers; None: agent.model.")

    def featurize(self, data: RawData) -> Columns:
        """As `View.featurize`; asks the server for what is not kept.

        Raises
        ------
        CallFailed
            When not one answer is to be had, or the budget cannot pay for all.
        NotSentError
            When agent.send does not allow it.
        """
        from nightshift.rubric import answers_of, as_columns

        values = answers_of(self.questions, self.model, self.pieces(data, who_asks().agent))
        return Columns(as_columns(self.questions, values))

    def pieces(self, data: RawData, agent: Agent) -> list[list[str]]:
        """What of each transcript is asked about, in pieces."""
        turns = self.select(data.turns)
        if self.speakers is not None:
            turns = turns[turns["speaker"].isin(self.speakers)]
        return [pieces_of(lines, LONGEST_PIECE) if lines else [] for lines in texts_of(data, turns, agent)]

    @classmethod
    def hindrance(cls, agent: Agent) -> str | None:
        if not may_send(agent, "transcripts"):
            return f"needs agent.send: transcripts (it is {agent.send})"
        if server_of(agent) is None and not agent.replay:
            return "needs a language model (agent.model and a key)"
        return None

    def settled(self, agent: Agent) -> RubricView:
        return self if self.model else self.model_copy(update={"model": model_of(agent)})

    def topic(self) -> str:
        return "what a model answers about the calls"

    def in_words(self) -> str:
        return f"a model's answers to {len(self.questions)} questions"
