"""config/config.yaml with the reason for every line beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from nightshift.files import write_text
from nightshift.init.plan import Plan

_COMMENTS_AT = 44
_KEPT = ("agent", "dvc")  # sections of the configuration before that are not about the data


def write_config(path: Path, plan: Plan, before: dict[str, Any], experiments: int) -> None:
    """Write the configuration. What it replaces, `before`, is kept beside it as config.yaml.before; nothing is of the demo's."""
    if before:
        write_text(path.with_name(f"{path.name}.before"), path.read_text(encoding="utf-8"))
    write_text(path, compose(plan, before, experiments))


def compose(plan: Plan, before: dict[str, Any], experiments: int) -> str:
    """The text of the configuration; `before` is what it replaces."""
    lines = ["# Written by `nightshift init`; config/README.md says what every key means.", "data:"]
    reasons = {key: one.why for key, one in plan.found.items()}
    for key, value in plan.data().items():
        if key == "drop":
            lines += ["  drop:  # known only after the outcome, or nothing but a name; take out what is known before"]
            lines += [_line(f"    - {_scalar(name)}", why) for name, why in plan.drop.items()]
        else:
            lines.append(_line(f"  {key}: {_scalar(value)}", reasons.get(key, "")))
    lines += [f"  # {key}: {one.why}" for key, one in plan.found.items() if one.value is None and one.why]
    if plan.folds != 5:
        lines += ["", "validation:", _line(f"  folds: {plan.folds}", "few cases of one class")]
    search = {**(before.get("search") or {}), "experiments": experiments}
    lines += ["", "search:", *_section(search)]
    for name in _KEPT:
        if before.get(name):
            lines += ["", f"{name}:", *_section(before[name])]
    return "\n".join(lines) + "\n"


def _section(keys: dict[str, Any]) -> list[str]:
    return [f"  {key}: {_scalar(value)}" for key, value in keys.items()]


def _line(text: str, why: str) -> str:
    return f"{text:<{_COMMENTS_AT}}  # {why}" if why else text


def _scalar(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")
