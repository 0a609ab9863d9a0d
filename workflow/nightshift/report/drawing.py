"""The champion drawn: views, bases and the stack, as SVG in the page's colours."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from nightshift.experiment import Experiment

_ROW = 46
_BOX = 34
_WIDTH = 860
_TOP = 30
_LONGEST = 30


@dataclass(frozen=True)
class _Node:
    name: str
    note: str
    x: float
    y: float
    width: float


def draw(experiment: Experiment, weights: dict[str, float]) -> str:
    """An SVG of a lowered experiment; a line into the stack is as thick as the weight of its base.

    Parameters
    ----------
    experiment : Experiment, lowered
    weights : base -> share of the stack, 0 to 1
    """
    levels = _levels(experiment)
    columns = [[("view", name) for name in experiment.views], *levels, [("stack", "stack")]]
    nodes = _placed(columns, experiment, weights)
    height = _TOP + max(len(column) for column in columns) * _ROW + 6
    heads = ["views", *(["bases"] + [f"level {n}" for n in range(2, len(levels) + 1)]), "stack"]
    xs = [nodes[column[0]].x for column in columns]
    titles = [f'<text class="head" x="{x:.0f}" y="14">{head}</text>' for x, head in zip(xs, heads, strict=True)]
    parts = [*titles, *_links(experiment, nodes, weights), *(_box(key[0], node) for key, node in nodes.items())]
    label = escape(_in_words(experiment, weights), quote=True)
    return (
        f'<svg class="drawing" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
    )


def _levels(experiment: Experiment) -> list[list[tuple[str, str]]]:
    level: dict[str, int] = {}
    for name in experiment.in_order():
        level[name] = 1 + max((level[below] for below in experiment.bases[name].bases), default=0)
    return [
        [("base", name) for name in experiment.bases if level[name] == n] for n in range(1, max(level.values()) + 1)
    ]


def _placed(
    columns: list[list[tuple[str, str]]], experiment: Experiment, weights: dict[str, float]
) -> dict[tuple[str, str], _Node]:
    most = max(len(column) for column in columns)
    gap = 70 if len(columns) <= 3 else 46
    width = (_WIDTH - gap * (len(columns) - 1)) / len(columns)
    nodes = {}
    for number, column in enumerate(columns):
        start = _TOP + (most - len(column)) * _ROW / 2
        for place, key in enumerate(column):
            name, note = _words(key, experiment, weights)
            nodes[key] = _Node(name, note, number * (width + gap), start + place * _ROW, width)
    return nodes


def _words(key: tuple[str, str], experiment: Experiment, weights: dict[str, float]) -> tuple[str, str]:
    kind, name = key
    if kind == "view":
        return name, experiment.views[name].kind
    if kind == "stack":
        return experiment.stack.method, f"over {len(experiment.stack.over or experiment.bases)}"
    weight = f", weight {weights[name]:.0%}" if name in weights else ""
    return name, f"{experiment.bases[name].learner.kind}{weight}"


def _links(experiment: Experiment, nodes: dict[tuple[str, str], _Node], weights: dict[str, float]) -> list[str]:
    pairs: list[tuple[tuple[str, str], tuple[str, str], float]] = []
    for name, base in experiment.bases.items():
        pairs += [(("view", view), ("base", name), 1.3) for view in base.views]
        pairs += [(("base", below), ("base", name), 1.3) for below in base.bases]
    over = experiment.stack.over or tuple(experiment.bases)
    pairs += [(("base", name), ("stack", "stack"), 1 + 16 * weights.get(name, 0.0)) for name in over]
    return [_curve(nodes[a], nodes[b], thick, b[0] == "stack") for a, b, thick in pairs]


def _curve(a: _Node, b: _Node, thick: float, weighed: bool) -> str:
    x0, y0, x1, y1 = a.x + a.width, a.y + _BOX / 2, b.x, b.y + _BOX / 2
    middle = (x0 + x1) / 2
    kind = "weight" if weighed else "link"
    return (
        f'<path class="{kind}" d="M{x0:.0f} {y0:.0f}C{middle:.0f} {y0:.0f} {middle:.0f} {y1:.0f} {x1:.0f} {y1:.0f}" '
        f'stroke-width="{thick:.1f}"/>'
    )


def _box(kind: str, node: _Node) -> str:
    name = node.name if len(node.name) <= _LONGEST else f"{node.name[: _LONGEST - 1]}…"
    return (
        f'<g class="{kind}"><title>{escape(node.name)}</title>'
        f'<rect x="{node.x:.0f}" y="{node.y:.0f}" width="{node.width:.0f}" height="{_BOX}" rx="5"/>'
        f'<text x="{node.x + 9:.0f}" y="{node.y + 15:.0f}">{escape(name)}</text>'
        f'<text class="note" x="{node.x + 9:.0f}" y="{node.y + 28:.0f}">{escape(node.note)}</text></g>'
    )


def _in_words(experiment: Experiment, weights: dict[str, float]) -> str:
    bases = [
        f"{name} ({base.learner.kind} on {', '.join([*base.views, *base.bases])})"
        for name, base in experiment.bases.items()
    ]
    return f"The champion: {'; '.join(bases)}; put together by a {experiment.stack.method} stack."


def base_rows(experiment: Experiment, metrics: dict[str, Any]) -> list[list[str]]:
    """The same as a table: base, learner, what it reads, its own AUC, its weight."""
    weights, aucs = metrics.get("weights", {}), metrics.get("base_auc", {})
    return [
        [
            name,
            base.learner.in_words() + (f", mean of {base.seeds} seeds" if base.seeds > 1 else ""),
            ", ".join([*base.views, *base.bases]) + (f" where {base.segment}" if base.segment else ""),
            f"{aucs[name]:.3f}" if aucs.get(name) is not None else "",
            f"{weights[name]:.0%}" if name in weights else "",
        ]
        for name, base in experiment.bases.items()
    ]
