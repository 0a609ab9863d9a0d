"""The experiments as a tree: each under the one that it varies."""

from __future__ import annotations

from typing import Any


def as_tree(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ledger rows, in ledger order, each with `place` and `depth` in the tree of parents."""
    names = {row["experiment"] for row in rows}
    children: dict[str | None, list[str]] = {}
    for row in rows:
        # A parent that comes later or not at all (a person's file may name any) makes a root.
        parent = row["parent"] if row["parent"] in names and row["parent"] < row["experiment"] else None
        children.setdefault(parent, []).append(row["experiment"])
    found: dict[str, tuple[int, int]] = {}
    waiting = [(name, 0) for name in reversed(children.get(None, []))]
    while waiting:
        name, depth = waiting.pop()
        found[name] = (len(found), depth)
        waiting += [(child, depth + 1) for child in reversed(children.get(name, []))]
    return [{**row, "place": found[row["experiment"]][0], "depth": found[row["experiment"]][1]} for row in rows]
