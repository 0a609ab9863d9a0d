"""What init found, as people read it."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nightshift.init.plan import Plan

_LABELS = {
    "id": "id",
    "target": "target",
    "positive": "counts as 1",
    "negative": "counts as 0",
    "transcript_columns": "calls in columns",
    "group": "group",
    "time": "time",
    "cutoff": "cutoff",
    "turn_columns": "columns of turns",
    "decimal": "decimal sign",
    "encoding": "encoding",
}
_ALWAYS = ("id", "target", "group", "time")


def show_plan(plan: Plan, console: Console) -> None:
    """A table of keys with values and reasons, then what the columns are, then warnings."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, style in (("", "cyan"), ("found", "bold"), ("because", "dim")):
        table.add_column(name, style=style, overflow="fold")
    for key, label in _LABELS.items():
        one = plan.found.get(key)
        if one and (one.value not in (None, [], {}) or key in _ALWAYS):
            table.add_row(label, Text(_text(one.value)), Text(one.why))
    for i, (column, why) in enumerate(plan.drop.items()):
        table.add_row("" if i else "left out", Text(column), Text(why))
    console.print(table)
    console.print()
    console.print(Text(_rows(plan)))
    console.print(Text(_columns(plan)))
    for warning in plan.warnings:
        console.print(Text(f"! {warning}", style="yellow"))


def _rows(plan: Plan) -> str:
    counts = plan.counts
    if not counts:
        return f"{plan.seen.table.num_rows:,} rows"
    text = f"{counts['cases']:,} cases, {counts['positives'] / counts['cases']:.0%} of them positive"
    if counts["turns"]:
        text += f"; {counts['calls']:,} calls of {counts['cases_with_turns']:,} cases ({counts['turns']:,} turns)"
    elif plan.seen.transcripts:
        text += "; no turn belongs to one of them"
    return text


def _columns(plan: Plan) -> str:
    apart = {one.value for one in plan.found.values() if isinstance(one.value, str)} | set(plan.drop)
    apart |= set(plan.data().get("transcript_columns", []))
    kinds: dict[str, list[str]] = {}
    for name, kind in plan.seen.kinds.items():
        if name not in apart or name == plan.found["time"].value:
            kinds.setdefault(kind, []).append(name)
    told = [
        f"{len(names)} {kind} ({', '.join(names[:6])}{', ...' if len(names) > 6 else ''})"
        for kind, names in kinds.items()
    ]
    return f"columns to learn from: {'; '.join(told) or 'none but the calls'}"


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{ours}: {theirs}" for ours, theirs in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else "none" if value is None else str(value)
