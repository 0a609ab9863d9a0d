"""The night in words and numbers, as a language model reads it: no value of a cell, unless agent.send allows it.

Nothing here depends on clocks, cores or paths, so that the same night asks the same questions.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

from nightshift.agents.history import History, Past
from nightshift.config_agent import Agent
from nightshift.experiment import Experiment
from nightshift.llm.privacy import masked, may_send, without_values
from nightshift.names import EXPERIMENTS
from nightshift.plan import read_plan

_LAST, _BEST = 20, 5
_LONGEST = 160  # characters of a hypothesis or reason


def data_card(card: dict[str, Any], agent: Agent) -> str:
    """Columns, types, gaps and counts of results/data/card.json."""
    counts = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in card["counts"].items() if count)
    lines = [
        f"{card['development']} development cases, base rate {card['base_rate']:.3f}, split {card['scheme']}; {counts}.",
        "Columns: " + (", ".join(_column(name, kind, card) for name, kind in card["columns"].items()) or "none"),
    ]
    if card["speakers"]:
        lines.append(f"Speakers: {', '.join(card['speakers'][:2])}.")
        lines.append(f"Turns have times: {card['timed']}. Calls have dates: {card['dated']}.")
    else:
        lines.append("There are no transcripts.")
    if card["segments"] and may_send(agent, "columns"):
        lines.append("Conditions that hold for a fair share of the cases: " + "; ".join(card["segments"][:12]))
    return "\n".join(lines)


def _column(name: str, kind: str, card: dict[str, Any]) -> str:
    missing = card.get("missing", {}).get(name, 0)
    return f"{name} ({kind}{f', {missing:.0%} missing' if missing else ''})"


def ledger_table(history: History, agent: Agent, last: int = _LAST) -> str:
    """The ledger so far: the best, the last, crashes with their reasons."""
    seen = history.past
    best = sorted((past for past in seen if past.scored), key=lambda past: -past.metrics["cv_auc"])[:_BEST]
    crashed = [past for past in seen if past.metrics is not None and past.metrics["status"] == "crash"]
    wanted = {past.experiment.id for past in [*seen[:1], *best, *crashed[-last:], *seen[-last:]]}
    rows = [_row(past, agent) for past in seen if past.experiment.id in wanted]
    left_out = len(seen) - len(rows)
    head = "experiment | parent | author | status | cv_auc | delta | z | bases | stack | memo | hypothesis"
    return "\n".join([head, *rows, *([f"({left_out} more experiments left out)"] if left_out else [])])


def _row(past: Past, agent: Agent) -> str:
    experiment, metrics = past.experiment, past.metrics
    if metrics is None:
        numbers = ["running", "", "", ""]
    else:
        numbers = [metrics["status"], *(_number(metrics.get(name)) for name in ("cv_auc", "delta", "z"))]
    cells = [experiment.id, experiment.parent or "", experiment.author, *numbers, str(len(experiment.bases))]
    said = hypothesis_of(experiment, agent)
    if metrics is not None and metrics["status"] == "crash":
        said += f" [{shown(metrics.get('reason', ''), agent)}]"
    return " | ".join([*cells, experiment.stack.method, experiment.memo or "", said])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def hypothesis_of(experiment: Experiment, agent: Agent) -> str:
    """A hypothesis; conditions of segments, which hold values of cells, only where these may leave."""
    said = experiment.hypothesis
    if not may_send(agent, "columns"):
        for segment in {base.segment for base in experiment.bases.values() if base.segment}:
            said = said.replace(segment, "(a segment)")
    return shortened(masked(said) if agent.mask else said)


def shown(message: str, agent: Agent, longest: int = _LONGEST) -> str:
    """A message of the computation, which may quote the data."""
    message = message if may_send(agent, "columns") else without_values(message)
    return shortened(masked(message) if agent.mask else message, longest)


def shortened(text: str, longest: int = _LONGEST) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def composition(past: Past, agent: Agent) -> str:
    """What an experiment is made of, base by base with AUC and weight."""
    experiment, metrics = past.experiment, past.metrics or {}
    lines = [f"{experiment.id}: cv_auc {_number(metrics.get('cv_auc'))} +- {_number(metrics.get('cv_se'))}"]
    for name, view in experiment.views.items():
        lines.append(f"view {name}: {_options(view.model_dump(mode='json', exclude_defaults=True), agent, view.kind)}")
    for name, base in experiment.bases.items():
        auc, weight = metrics.get("base_auc", {}).get(name), metrics.get("weights", {}).get(name)
        content = base.model_dump(mode="json", exclude_defaults=True)
        content["learner"]["kind"] = base.learner.kind
        told = f" AUC {auc:.4f}" if auc is not None else ""
        told += f" weight {weight:.2f}" if weight is not None else ""
        lines.append(f"base {name}:{told} {_options(content, agent, '')}")
    stack = experiment.stack.model_dump(mode="json", exclude_defaults=True)
    lines.append(f"stack: {_options({**stack, 'method': experiment.stack.method}, agent, '')}")
    return "\n".join(lines)


def _options(content: dict[str, Any], agent: Agent, kind: str) -> str:
    content = {**({"kind": kind} if kind else {}), **content}
    if not may_send(agent, "columns"):
        hidden = {"segment": "(a segment)", "query": "(a query)"}
        content = {key: hidden.get(key, value) if value else value for key, value in content.items()}
    text = str(content)
    return masked(text) if agent.mask else text


def correlations(past: Past, root: Path = Path()) -> dict[tuple[str, str], float]:
    """Spearman correlation of the out-of-fold predictions of an experiment's bases, pair by pair; empty without files."""
    import pandas as pd

    plan = root / EXPERIMENTS / past.experiment.id / "plan.json"
    if not plan.exists():
        return {}
    files = {name: root / path / "oof.parquet" for name, path in read_plan(plan)["bases"].items()}
    if not all(file.exists() for file in files.values()):
        return {}
    frame = pd.DataFrame(
        {name: pd.read_parquet(file).drop(columns="case_id").mean(axis=1) for name, file in files.items()}
    )
    matrix = frame.corr(method="spearman")
    return {(one, other): float(matrix.loc[one, other]) for one, other in combinations(frame, 2)}


def correlation_lines(found: dict[tuple[str, str], float], most: int = 15) -> str:
    """The most alike and the least alike pairs."""
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    picked = ranked if len(ranked) <= most else [*ranked[: most // 2], *ranked[-(most - most // 2) :]]
    return "\n".join(f"{one} ~ {other}: {value:.2f}" for (one, other), value in picked)


def memo_lines(memos: Iterable[dict[str, Any]], longest: int = 6000) -> str:
    """Memos, the newest first, as long as they fit."""
    lines: list[str] = []
    for memo in sorted(memos, key=lambda memo: memo["id"], reverse=True):
        lines.append(f"### {memo['id']}: {memo['title']}\n{memo['text']}")
        if sum(map(len, lines)) > longest:
            break
    return "\n\n".join(lines)[: 2 * longest]
