"""Read a YAML file that somebody else may have written: plain values, nothing twice, nothing that grows as it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from nightshift.errors import InputError, Problem

_LARGEST = 2**20  # bytes
_MOST_PARTS = 20_000  # keys and values, those behind each alias counted every time


class _Loader(yaml.SafeLoader):
    """As SafeLoader, but a key that stands twice in one mapping is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            name = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else id(key)
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: str | Path) -> Any:
    """What one YAML file holds.

    Raises
    ------
    InputError
        It cannot be read or is no YAML; holds a key twice, an unknown tag, or aliases that make it huge.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(
                [Problem("the file is larger than 1 MB", "that is no configuration: shorten it", str(path))]
            )
        loader = _Loader(path.read_text(encoding="utf-8"))
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            if _parts(node, {}) > _MOST_PARTS:
                raise ValueError(f"it has more than {_MOST_PARTS:,} parts, or stands inside itself")
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except RecursionError:
        raise _unreadable(path, "nested too deeply") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise _unreadable(path, " ".join(str(error).split())[:300]) from None
    except OSError as error:
        raise InputError(
            [Problem(f"cannot be read ({error.strerror})", "check the file and its permissions", str(path))]
        ) from None


def _unreadable(path: Path, reason: str) -> InputError:
    return InputError([Problem(f"not readable as YAML: {reason}", "mend the file", str(path))])


def _parts(node: yaml.Node, known: dict[int, int]) -> int:
    """Keys and values below a node, aliases followed; a node inside itself counts as too many."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = _MOST_PARTS + 1  # what is asked for while it is counted stands inside itself
    children: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        children = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    known[id(node)] = 1 + sum(_parts(child, known) for child in children)
    return known[id(node)]
