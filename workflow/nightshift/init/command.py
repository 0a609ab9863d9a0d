"""`nightshift init CASES [TRANSCRIPTS]`: look, guess, ask, check, write."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.prompt import Confirm, Prompt

from nightshift.errors import InputError, NightshiftError
from nightshift.identity import check_identity
from nightshift.init.guess import Guess
from nightshift.init.look import look
from nightshift.init.plan import Plan, UnsaidError, check, make_plan
from nightshift.init.show import show_plan
from nightshift.init.write import write_config

CONFIG = Path("config/config.yaml")
_DEMO = "data/demo/"
_QUESTIONS = {
    "id": "Which column names a case?",
    "target": "Which column is to be predicted?",
    "positive": "Which value counts as 1?",
    "negative": "Which value counts as 0? Rows with another one are left out as not decided yet.",
}
_MOST_OPTIONS = 20
_WIDE = 140  # where there is no terminal to fit


def init(
    cases: str,
    transcripts: str | None,
    flags: dict[str, Any],
    experiments: int | None = None,
    yes: bool = False,
    force: bool = False,
    console: Console | None = None,
) -> None:
    """Write config/config.yaml for two files, in the folder where it is called.

    Parameters
    ----------
    cases, transcripts : paths
    flags : key of `data` to what the user says (`keep`: columns that are not to be dropped)
    experiments : of a night; what the configuration before says, or 24
    yes : take the guesses, ask nothing
    force : replace a configuration that is not the demo's without asking
    console : where to show; standard output by default

    Raises
    ------
    NightshiftError
        What is wrong with the files, or what has to be named and nobody can be asked.
    """
    console = console or _console()
    asks = not yes and sys.stdin.isatty() and console.is_terminal
    before = _config_before()
    demo = str((before.get("data") or {}).get("cases", _DEMO)).startswith(_DEMO)
    if not demo and not force:
        _ask_to_replace(before, asks, console)
    seen = look(cases, transcripts, flags.get("encoding"))
    plan = make_plan(seen, flags, _ask(console) if asks else _name_flags(cases))
    try:
        check(plan, flags)
    except InputError as error:
        show_plan(plan, console)
        console.print()
        raise NightshiftError(f"{error}\nMend these and run it again; {CONFIG} is as it was.") from None
    show_plan(plan, console)
    if asks and not Confirm.ask(f"\nWrite {CONFIG}?", default=True, console=console):
        console.print(
            "nothing was written; flags such as --target, --group none or --keep COLUMN say it better than I guess"
        )
        return
    kept = {} if demo else before
    write_config(CONFIG, plan, kept, experiments or (kept.get("search") or {}).get("experiments", 24))
    aside = f" (the one before is {CONFIG}.before)" if kept else ""
    console.print(f"\n{CONFIG} is written{aside}. Next:\n\n    {_next(plan)}\n", soft_wrap=True, markup=False)


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDE)


def _config_before() -> dict[str, Any]:
    try:
        content = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def _ask_to_replace(before: dict[str, Any], asks: bool, console: Console) -> None:
    """The demo's configuration is there to be replaced; any other only with the user's word."""
    cases = (before.get("data") or {}).get("cases", "")
    if asks and Confirm.ask(f"{CONFIG} is there, for {cases}. Replace it?", default=False, console=console):
        return
    raise NightshiftError(
        f"{CONFIG} is there, for {cases}\n    -> --force replaces it; the old one stays as {CONFIG}.before"
    )


def _ask(console: Console) -> Any:
    def choose(key: str, found: Guess) -> str:
        console.print(f"\n[bold]{_QUESTIONS[key]}[/] [dim]({found.why})[/]")
        options = found.options[:_MOST_OPTIONS]
        for number, option in enumerate(options, 1):
            console.print(f"  {number:>2}  {option}", markup=False)
        answers = [str(number) for number in range(1, len(options) + 1)]
        answer = Prompt.ask("number or name", choices=[*answers, *found.options], show_choices=False, console=console)
        return options[int(answer) - 1] if answer in answers and answer not in found.options else answer

    return choose


def _name_flags(cases: str) -> Any:
    def choose(key: str, found: Guess) -> str:
        likely = ", ".join(map(repr, found.options[:_MOST_OPTIONS]))
        raise UnsaidError(
            f"{cases}: {_QUESTIONS[key]} {found.why}\n    -> say it: --{key} NAME, likely one of: {likely}\n"
            "       (in a terminal and without --yes init asks)"
        )

    return choose


def _next(plan: Plan) -> str:
    try:
        check_identity(plan.config())
    except NightshiftError:
        return "nightshift archive && snakemake --cores all      # results/ holds another night: archive moves it aside"
    return "snakemake --cores all"
