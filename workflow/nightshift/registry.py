"""Finds the kinds (of views, of learners) that the modules of a package define: one new file is one new kind."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import TypeVar

from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)


def kinds_in(package: ModuleType, base: type[T]) -> dict[str, type[T]]:
    """Concrete subclasses of `base` in the modules of `package`, by the default of their field `kind`, sorted."""
    found: dict[str, type[T]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for member in vars(module).values():
            concrete = inspect.isclass(member) and issubclass(member, base) and not inspect.isabstract(member)
            if concrete and member.__module__ == module.__name__:
                found[member.model_fields["kind"].default] = member
    return dict(sorted(found.items()))
