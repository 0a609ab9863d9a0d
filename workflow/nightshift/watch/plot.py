"""The champion's curve as characters: every experiment a mark, the best so far a line."""

from __future__ import annotations

from typing import Any

from nightshift.watch.words import MARKS


def plot(rows: list[dict[str, Any]], width: int, height: int) -> list[str]:
    """Lines of text, top first; empty before the second experiment.

    Parameters
    ----------
    rows : rows of `Night.rows`
        Crashes take their place and have no mark.
    width, height : int
        Of the picture itself, in characters; the scale at its left takes 7 more. More experiments than columns: the
        last ones.
    """
    shown = rows[-width:]
    scored = [row["cv_auc"] for row in shown if row["status"] != "crash"]
    by_name = {row["experiment"]: row["cv_auc"] for row in rows if row["status"] != "crash"}
    best = [by_name.get(row["champion"]) for row in shown]
    values = scored + [value for value in best if value is not None]
    if len(shown) < 2 or not values:
        return []
    # One bad experiment must not press all others into one line.
    low, high = max(min(values), sorted(values)[len(values) // 10] - (max(values) - min(values)) / 4), max(values)
    step = (high - low) / (height - 1) or 1.0
    wide = max(1, min(6, width // len(shown)))
    picture = [[" "] * (wide * len(shown)) for _ in range(height)]

    def line_of(value: float) -> int:
        return height - 1 - min(height - 1, max(0, round((value - low) / step)))

    for i, row in enumerate(shown):
        if best[i] is not None:
            picture[line_of(best[i])][i * wide : (i + 1) * wide] = "─" * wide
        if row["status"] != "crash":
            picture[line_of(row["cv_auc"])][i * wide] = MARKS[row["status"]]
    scale = {0: f"{high:.4f} ", height - 1: f"{low:.4f} "}
    return [f"{scale.get(i, ''):>7}{''.join(line).rstrip()}" for i, line in enumerate(picture)]
