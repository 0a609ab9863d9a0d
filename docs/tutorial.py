"""Runs the commands of docs/tutorial.md in a fresh clone and writes their output into the page: `make tutorial`.

With --check nothing is written: the page must say what the commands say, times and sizes aside.
"""

import argparse
import contextlib
import difflib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
PAGE = REPO / "docs" / "tutorial.md"
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", flags=re.M | re.S)
_END = "=== end of output ==="
_FAILED, _MAY_FAIL = "=== it failed ===", "# refused"
_LONGEST = 110
# What differs from run to run on one machine, or from machine to machine.
_VARIES = r"\d+(\.\d+)? (MB|kB|GB|s\b)|\((load|read|predict)[^)]*\)|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\b[0-9a-f]{7,40}\b"
_VARIES += r"|\bseconds +[\d.]+ +[\d.]+ +-?[\d.]+"


def main() -> int:
    """Write or check the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail where the page and the commands differ")
    check = parser.parse_args().check
    page = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, session(Path(folder)) as run:
        made = rewritten(page, run)
    if not check:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    before, now = (re.sub(_VARIES, "#", text).splitlines() for text in (page, made))
    differs = list(difflib.unified_diff(before, now, "page", "commands", lineterm=""))
    print("\n".join(differs))
    return bool(differs)


def rewritten(page: str, run: Callable[[str], str]) -> str:
    """The page with the output of `run` under each of its commands, which are lines that begin with '$ '."""

    def again(block: re.Match) -> str:
        commands = [line[2:] for line in block[0].splitlines() if line.startswith("$ ")]
        return "".join(f"$ {command}\n{_fitted(run(command))}" for command in commands)

    return _BLOCK.sub(again, page)


def commands_of(page: str) -> list[str]:
    """All commands of the page."""
    return [line[2:] for block in _BLOCK.findall(page) for line in block.splitlines() if line.startswith("$ ")]


def _fitted(output: str) -> str:
    lines = [line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…" for line in output.rstrip().splitlines()]
    return "".join(f"{line.rstrip()}\n" for line in lines)


@contextlib.contextmanager
def session(folder: Path) -> Iterator[Callable[[str], str]]:
    """What runs a command in one shell that begins in an empty folder; its answer is what is said on standard output, and
    standard error too where it fails."""
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if ".venv" not in part)
    bare = {**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": ""}
    identity = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _PERSON.items()}
    errors = folder / "errors.txt"
    with subprocess.Popen(
        ["bash", "--norc"],
        cwd=folder,
        env={**bare, **identity, "COLUMNS": str(_LONGEST), "REPO": str(REPO), "MAKEFLAGS": "--no-print-directory"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as shell:
        yield lambda command: _answer(shell, command, errors)


def _answer(shell: subprocess.Popen, command: str, errors: Path) -> str:
    command = command.replace("https://example.org/nightshift", "$REPO nightshift")
    shell.stdin.write(f"{{ {command}\n}} 2>{errors} || {{ cat {errors}; echo {_FAILED}; }}\necho; echo '{_END}'\n")
    shell.stdin.flush()
    said = ""
    for line in shell.stdout:
        if line.rstrip() == _END:
            break
        said += line
    print(f"$ {command}", file=sys.stderr)
    if (_FAILED in said) != command.endswith(_MAY_FAIL):
        raise SystemExit(said)
    return said.replace(_FAILED, "")


_PERSON = {"NAME": "Person", "EMAIL": "person@example.org"}


if __name__ == "__main__":
    sys.exit(main())
