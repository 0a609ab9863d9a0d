"""The typed configuration: the source of truth of config/config.yaml, its defaults and its JSON schema.

Light on purpose (pydantic only): the Snakefile reads it at every parse, on cluster nodes too.
"""

from __future__ import annotations

import codecs
import difflib
import re
from datetime import date
from pathlib import PurePath
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from nightshift.config_agent import Agent, Move, Section, StackMethod
from nightshift.errors import InputError, Problem

__all__ = [
    "TRANSCRIBED",
    "Agent",
    "Config",
    "Data",
    "Metric",
    "Move",
    "Search",
    "Section",
    "StackMethod",
    "Validation",
    "parse_config",
]

TRANSCRIBED = "data/transcribed/turns.jsonl"  # what rule `transcribe` makes of data.audio

Metric = Literal["roc_auc", "average_precision", "log_loss"]


class Cutoff(Section):
    """The moment of the prediction as days from a date column."""

    column: str = Field(description="A date column of the cases.")
    days: float = Field(0.0, description="Days to add to it; negative means before.")


Value = str | bool | int | float
TurnColumn = Literal["case_id", "call", "position", "speaker", "text", "start", "end", "time"]


class Data(Section):
    """The two inputs and what their columns mean."""

    cases: str = Field(description="Table of cases, one row each: .csv, .tsv, .parquet, .jsonl, .xlsx.")
    transcripts: str | None = Field(
        None,
        description="Turns: .jsonl, .csv, .tsv or .parquet; or a folder of .vtt, .srt, .txt and .json files named by case. "
        "None: the table alone.",
    )
    audio: str | None = Field(
        None,
        description="Instead of transcripts: a folder of .wav, .mp3 and .m4a files named by case, transcribed by the model's "
        "server; needs agent.send: transcripts.",
    )
    id: str = Field(description="Column that names a case, unique.")
    target: str = Field(description="Column to predict; two values.")
    positive: Value | list[Value] | None = Field(
        None,
        description="The value of target (or a list) that counts as 1; needed when the values are not 0/1, true/false or "
        "yes/no.",
    )
    negative: Value | list[Value] | None = Field(
        None,
        description="The value of target (or a list) that counts as 0, where it has more than two: rows with neither "
        "(open deals) are left out and counted. Needs positive.",
    )
    group: str | None = Field(
        None,
        description="Column of cases that belong together (account, customer); a group is never split between folds.",
    )
    time: str | None = Field(
        None, description="Date column; given, the latest cases are the holdout and folds go forward in time."
    )
    cutoff: str | Cutoff | None = Field(
        None,
        description="When the prediction is made: a date column, or {column, days}. Later turns are dropped and counted, and those "
        "of its day of which no hour is known.",
    )
    drop: list[str] = Field([], description="Columns known only after the outcome.")
    transcript_columns: list[str] = Field(
        [], description="Columns of the cases that hold a call each: 'Speaker: text' lines, WebVTT or SubRip in a cell."
    )
    turn_columns: dict[TurnColumn, str] = Field(
        {}, description="What the columns of a table of turns are called: case_id: Opportunity, text: Body."
    )
    decimal: Literal[".", ","] | None = Field(
        None, description="',' where the cases write 1.234,56 or 1 234,56; 1234.56 and 1,234.56 need nothing."
    )
    encoding: str | None = Field(
        None, description="Of text files that are not UTF-8 (cp1252, latin-1, cp1250); UTF-16 is recognised."
    )

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, value: str | None) -> str | None:
        try:
            return value if value is None else codecs.lookup(value).name
        except LookupError:
            raise ValueError("no such encoding; try cp1252, latin-1 or cp1250") from None

    @model_validator(mode="after")
    def _negative_needs_positive(self) -> Data:
        if self.negative is not None and self.positive is None:
            raise ValueError("data.negative names what counts as 0; name what counts as 1 in data.positive")
        return self

    @model_validator(mode="before")
    @classmethod
    def _audio_becomes_transcripts(cls, content: Any) -> Any:
        if not isinstance(content, dict) or not content.get("audio"):
            return content
        if content.get("transcripts") not in (None, TRANSCRIBED):
            raise ValueError("transcripts or audio: name one of the two")
        return {**content, "transcripts": TRANSCRIBED}

    def cutoff_rule(self) -> Cutoff | None:
        return Cutoff(column=self.cutoff) if isinstance(self.cutoff, str) else self.cutoff


class Validation(Section):
    """How experiments are judged."""

    holdout: Annotated[float, Field(gt=0, lt=0.6)] = Field(0.2, description="Share of cases kept for the verdict.")
    folds: Annotated[int, Field(ge=2, le=20)] = Field(5, description="Folds of the cross-validation.")
    repeats: Annotated[int, Field(ge=1, le=20)] = Field(
        1, description="Times the folds are drawn anew; more for small data."
    )
    split_column: str | None = Field(
        None,
        description="Your own split: a column with 'holdout' for the holdout and any other value as the name of a fold. Cases of a "
        "group (data.group) that is in the holdout are in no fold.",
    )


class Search(Section):
    """How long and how hard to look."""

    experiments: Annotated[int, Field(ge=1, le=100_000)] = Field(
        24, description="Experiments of a night, baseline included."
    )
    parallel: Annotated[int, Field(ge=1, le=64)] = Field(
        4,
        description="Experiments in flight: proposal k sees the results of 0..k-parallel. Changes the night; cores do not.",
    )
    job_timeout: Annotated[float, Field(gt=0)] = Field(
        1800, description="Wall seconds after which a job is stopped; a second try gets half as many more."
    )
    job_memory_mb: Annotated[float, Field(ge=64)] | None = Field(
        None,
        description="Resident megabytes (2**20) above which a job is stopped; a second try, alone, gets twice as many. "
        "None: 80 % of the memory of the machine, container or cluster job.",
    )
    shard_cases: Annotated[int, Field(ge=100)] = Field(
        20_000, description="Views of more cases are made in shards of so many, side by side; the same result."
    )
    deadline: str | None = Field(
        None, description="Propose nothing that would end later: a clock time ('07:00') or a duration ('90m', '8h')."
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(0, description="Seed of split, learners and search.")
    metric: Metric = Field(
        "roc_auc", description="What decides keep or discard: roc_auc, average_precision or log_loss."
    )
    keep: Annotated[float, Field(ge=0, le=5)] = Field(
        0.5, description="Keep an experiment when its gain exceeds this many standard errors of the paired difference."
    )

    @field_validator("deadline")
    @classmethod
    def _deadline_is_clock_or_duration(cls, value: str | None) -> str | None:
        if value is None or re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d|\d+(\.\d+)?\s*[smh]", value):
            return value
        raise ValueError("write a clock time such as '07:00' (in quotes) or a duration such as '90m' or '8h'")


class Dvc(Section):
    """What is recorded."""

    record: bool = Field(True, description="Save every experiment as a DVC experiment; needs a git repository.")


class Demo(Section):
    """The demo data, made when data.cases is data/demo/cases.csv and it is not there."""

    n: Annotated[int, Field(ge=100, le=1_000_000)] = Field(1200, description="Deals to make up.")
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(0, description="Of the generator.")


class Predict(Section):
    """New cases to predict, for the rule `predict`."""

    cases: str = Field(description="New rows, as data.cases; the target is not needed.")
    transcripts: str | None = Field(None, description="Their calls, as data.transcripts.")
    out: str | None = Field(
        None,
        pattern=r"\.(csv|tsv|parquet)$",
        description="Where to write: .csv, .tsv or .parquet. None: results/predictions/NAME.csv, NAME that of the cases.",
    )
    as_of: str | None = Field(
        None, description="The moment of the prediction, 2024-05-31 or 2024-05-31T14:00; later turns are left out."
    )
    allow_missing: bool = Field(
        False, description="Take columns that are not there as missing values, and calls as none."
    )
    reasons: Annotated[int, Field(ge=0, le=10)] = Field(3, description="Reasons to give for each case.")

    @field_validator("as_of", mode="before")
    @classmethod
    def _dates_of_yaml_are_text(cls, value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else value

    def target(self) -> str:
        """The file to write."""
        return self.out or predictions_of(self.cases)


def predictions_of(cases: str) -> str:
    """Where predictions of a file of cases go by default."""
    return f"results/predictions/{PurePath(cases).stem}.csv"


class Report(Section):
    """What is shown beyond the usual."""

    fairness: list[str] = Field(
        [],
        description="Columns of the cases whose groups the model card compares (age, gender, region); they may be in "
        "data.drop, so that no model reads them.",
    )


class Config(Section):
    """config/config.yaml."""

    data: Data
    validation: Validation = Validation()
    search: Search = Search()
    agent: Agent = Agent()
    dvc: Dvc = Dvc()
    demo: Demo = Demo()
    predict: Predict | None = Field(None, description="New cases to predict: `snakemake predict`.")
    report: Report = Report()

    @model_validator(mode="after")
    def _one_way_to_split(self) -> Config:
        if self.validation.split_column and self.validation.repeats > 1:
            raise ValueError("validation.repeats does nothing with a split_column of your own; leave it at 1")
        if self.data.time and self.validation.repeats > 1:
            raise ValueError("validation.repeats does nothing with data.time (forward folds are fixed); leave it at 1")
        return self


def parse_config(content: dict[str, Any], file: str = "config/config.yaml") -> Config:
    """Check a configuration.

    Raises
    ------
    InputError
        Every problem at once, each with its key; an unknown key with the nearest known one.
    """
    try:
        return Config.model_validate(content or {})
    except ValidationError as error:
        raise InputError([explain(item, Config, file) for item in error.errors()]) from None


def explain(item: dict[str, Any], model: type[BaseModel], file: str) -> Problem:
    """One pydantic error in the words of the user's file."""
    # Members of unions put their own names into the location: keep what stands in the file.
    path = [str(part) for part in item["loc"] if not re.match(r"(str|Cutoff|bool|int|float)$", str(part))]
    key = ".".join(path)
    if item["type"] == "extra_forbidden" and path[:1] == ["agent"] and path[-1].endswith("key"):
        remedy = (
            "a key never stands in a file of the project: put it into $OPENAI_API_KEY (agent.key_env) or agent.key_file"
        )
        return Problem(f"key {key!r} is not allowed", remedy, file)
    if item["type"] == "extra_forbidden":
        known = _keys_beside(model, path)
        near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
        remedy = f"did you mean {'.'.join([*path[:-1], near[0]])!r}?" if near else f"known here: {', '.join(known)}"
        return Problem(f"unknown key {key!r}", remedy, file)
    if item["type"] == "missing":
        return Problem(f"key {key!r} is missing", "add it; config/README.md says what it means", file)
    message = item["msg"].removeprefix("Value error, ")
    value = "" if isinstance(item["input"], dict) else f" (found {repr(item['input'])[:100]})"
    return Problem(f"{key or 'configuration'}: {message}{value}", "config/README.md lists the allowed values", file)


def _keys_beside(model: type[BaseModel], path: list[str]) -> list[str]:
    for part in path[:-1]:
        field = model.model_fields.get(part)
        kinds = [] if field is None else [field.annotation, *get_args(field.annotation)]
        sections = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not sections:
            return []
        model = sections[0]
    return sorted(model.model_fields)
