"""Views of many cases are made in shards, side by side on cores or nodes, and gathered in order (`nightshift.gather`).

A view's row is a function of one case alone, so that the shards put together are the view, bit for bit. A shard's name
says all that its job needs: "2-of-5" is the third of five contiguous runs of cases.
"""

from __future__ import annotations


def shard_names(cases: int, at_once: int) -> list[str]:
    """Names of the shards of so many cases, at most `at_once` in each; none when they fit into one."""
    shards = -(-cases // at_once)
    return [f"{number}-of-{shards}" for number in range(shards)] if shards > 1 else []


def rows_of(shard: str, cases: int) -> slice:
    """Rows of a shard; sizes differ by one case at most."""
    number, shards = map(int, shard.split("-of-"))
    return slice(number * cases // shards, (number + 1) * cases // shards)
