"""Finds the kinds of views and learners: those of a package's modules, and those that other distributions offer."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import entry_points
from types import ModuleType
from typing import TypeVar

from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)


class Kinds(Mapping[str, type[T]]):
    """`kinds_in`, looked up at the first use: a distribution's module may then import the package whose kinds it offers,
    or define views and learners side by side.

    Parameters
    ----------
    package : name of a package
    base : class of its kinds
    """

    def __init__(self, package: str, base: type[T]):
        self._package, self._base = package, base

    @cached_property
    def _found(self) -> dict[str, type[T]]:
        return kinds_in(sys.modules[self._package], self._base)

    def __getitem__(self, kind: str) -> type[T]:
        return self._found[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def kinds_in(package: ModuleType, base: type[T]) -> dict[str, type[T]]:
    """Concrete subclasses of `base` by the default of their field `kind`, sorted.

    They are found in the modules of `package` (one new file is one new kind), and as entry points of the group named as
    the package (`[project.entry-points."nightshift.views"]` of another distribution).

    Raises
    ------
    TypeError
        When an entry point is no such class, or offers a kind that exists.
    """
    found: dict[str, type[T]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for member in vars(module).values():
            concrete = inspect.isclass(member) and issubclass(member, base) and not inspect.isabstract(member)
            if concrete and member.__module__ == module.__name__:
                found[member.model_fields["kind"].default] = member
    for point in entry_points(group=package.__name__):
        member = point.load()
        if not (inspect.isclass(member) and issubclass(member, base)):
            raise TypeError(f"entry point {point.value} of {package.__name__} is no subclass of {base.__name__}")
        kind = member.model_fields["kind"].default
        if found.setdefault(kind, member) is not member:
            raise TypeError(f"entry point {point.value} of {package.__name__}: the kind {kind!r} exists already")
    return dict(sorted(found.items()))
