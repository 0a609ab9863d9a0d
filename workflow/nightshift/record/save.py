"""Save finished experiments as DVC experiments of the user's repository."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nightshift.errors import NightshiftError
from nightshift.files import read_json, write_json
from nightshift.record import slot
from nightshift.record.clone import Clone, one_saver
from nightshift.record.gitrepo import GitError, NotRecordedError, Project, check_commit, open_project

# Seconds to wait for another saver, or for somebody who holds a DVC lock.
PATIENCE = 120.0
HEAD_FILE = Path("results", "night.json")


@dataclass(frozen=True)
class RecordOutcome:
    """What became of a recording; never an exception, since a night must not fail for want of a record.

    Parameters
    ----------
    recorded : bool
        Whether the experiment is in DVC now.
    reason : str
        One sentence for the log: what was done, or why nothing was and what to do about it.
    seconds : float
        How long it took.
    revision : str or None
        The experiment's commit.
    """

    recorded: bool
    reason: str
    seconds: float
    revision: str | None = None


def record_experiment(root: str | Path, experiment: str, patience: float = PATIENCE) -> RecordOutcome:
    """Save one finished experiment as the DVC experiment of the same name.

    Parameters
    ----------
    root : path
        The project; results/experiments/<experiment>/ holds the files, results/views and results/bases what its
        plan.json names. A crashed experiment needs only experiment.yaml and metrics.json.
    experiment : str
        Such as exp-0007. Recorded before with the same content: nothing happens; with other content: replaced.
    patience : float
        Seconds to wait for another recording.

    Returns
    -------
    RecordOutcome
        Problems of the environment (no git, no DVC, a full disk) are reasons in there, not exceptions.
    """
    root = Path(root).resolve()

    def prepare(clone: Clone) -> list[str]:
        slot.check_finished(root, experiment)
        slot.fill(root, experiment, clone.root)
        return []

    return record(root, experiment, lambda: slot.content_of(root, experiment), prepare, patience)


def head_at_start(root: str | Path) -> str | None:
    """The commit that the night stands on: HEAD at its start. None where nothing can be recorded.

    Call it when a night starts (not in a dry run: it writes results/night.json). Kept inside results/, so that it goes
    wherever the night goes, and a new night starts from a new HEAD.
    """
    try:
        project = open_project(root)
    except (NotRecordedError, GitError, OSError):
        return None
    return night_head(project)


def night_head(project: Project) -> str:
    """The commit that the night stands on; remembered when first asked, and for good once an experiment is finished."""
    file = project.root / HEAD_FILE
    head = project.head()
    try:
        known = str(read_json(file)["head"])
    except (OSError, ValueError, KeyError, TypeError):
        known = ""
    begun = any(project.root.glob("results/experiments/*/metrics.json"))
    # Unknown here: the night came from a repository with another history.
    if begun and re.fullmatch(r"[0-9a-f]{40,64}", known) and project.has_commit(known):
        return known
    if known != head:
        write_json(file, {"head": head})
    return head


def record(
    root: Path,
    name: str,
    digest: Callable[[], str],
    prepare: Callable[[Clone], list[str]],
    patience: float,
) -> RecordOutcome:
    """Save under `name` what `prepare` lays out in the clone, unless that very content is recorded already."""
    start = time.monotonic()

    def outcome(recorded: bool, reason: str, revision: str | None = None) -> RecordOutcome:
        return RecordOutcome(recorded, " ".join(reason.split()), round(time.monotonic() - start, 3), revision)

    try:
        project = open_project(root)
        head = night_head(project)
        check_commit(project, head)
        with one_saver(project, patience):
            book = _Book(project, head, name)
            content = digest()
            if (known := book.revision_of(content)) is not None:
                return outcome(True, f"{name} was recorded already", known)
            revision, left_out = _save(Clone(project, head), name, prepare, patience)
            book.enter(content, revision)
    except (NotRecordedError, NightshiftError, GitError) as error:
        return outcome(False, f"not recorded: {error}")
    except Exception as error:  # whatever git, DVC or the disk may raise: the night goes on
        return outcome(False, f"not recorded: {type(error).__name__}: {error}")
    without = f", without the untracked {', '.join(left_out)} (too large for git)" if left_out else ""
    return outcome(True, f"recorded as {name}{without}", revision)


def _save(clone: Clone, name: str, prepare: Callable[[Clone], list[str]], patience: float) -> tuple[str, list[str]]:
    """Save; once more in a fresh clone if anything goes wrong, and for a while if DVC says that somebody holds a lock."""
    from dvc.lock import LockError

    deadline, rebuilt = time.monotonic() + patience, False
    while True:
        try:
            with clone.ready():
                added, left_out = clone.take_user_files()
                added += prepare(clone)
                return clone.save(name, added), left_out
        except NightshiftError:
            raise
        except LockError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        except Exception:
            if rebuilt:
                raise
            rebuilt = True
        clone.discard()


class _Book:
    """What was recorded with which content, so that recording twice does nothing.

    A convenience: lost, the next recording saves again and replaces the same row.
    """

    def __init__(self, project: Project, head: str, name: str):
        self.project = project
        self.file = project.private / "recorded.json"
        self.ref = project.ref_of(head, name)

    def revision_of(self, content: str) -> str | None:
        entry = self._entries().get(self.ref)
        if entry is None or entry["content"] != content:
            return None
        # Believe the repository: the user may have removed or replaced the experiment since.
        return entry["revision"] if self.project.refs(self.ref).get(self.ref) == entry["revision"] else None

    def enter(self, content: str, revision: str) -> None:
        write_json(self.file, self._entries() | {self.ref: {"content": content, "revision": revision}})

    def _entries(self) -> dict[str, dict[str, str]]:
        try:
            entries = read_json(self.file)
        except (OSError, ValueError):
            return {}
        return entries if isinstance(entries, dict) else {}
