"""The night as a whole: into DVC as the experiment `night`, out again in another clone, and aside for a new one."""

from __future__ import annotations

import dataclasses
import datetime
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nightshift.errors import NightshiftError
from nightshift.files import digest_of, digest_of_file, remove_leftovers, set_times, temporary_folder, write_json
from nightshift.guard import no_night_running
from nightshift.llm.store import PLACE as CALLS
from nightshift.llm.store import Store
from nightshift.record import slot
from nightshift.record.clone import Clone, one_saver
from nightshift.record.gitrepo import GitError, NotRecordedError, Project, open_project
from nightshift.record.save import HEAD_FILE, PATIENCE, RecordOutcome, night_head, record

NIGHT = "night"
# In the commit of the experiment `night` alone: DVC's pointer to results/night, which holds what results/ held.
POINTER = "night.dvc"
FOLDER = Path("results", "night")
ARCHIVES = "results-archive"
# Of results/, what is not the night: the slot is the person's, the second is a night that `dvc exp apply` fetched, and
# predictions are about other people's rows.
NOT_THE_NIGHT = {slot.SLOT.name, FOLDER.name, "predictions"}
LOGS = {"log", "logs"}
# What became of saving the night: written after it was saved, so no part of it; `restore` writes its own.
OUTCOME_FILE = "record.json"
# Held by the night that runs here, for its life (guard.py).


@dataclass(frozen=True)
class Archived:
    """Where a night went.

    Parameters
    ----------
    folder : Path
        What results/ held.
    prefix : str
        Stands before the names of its DVC experiments from now on.
    outcome : RecordOutcome
        Whether DVC holds the night as a whole, under the name `<prefix>night`.
    """

    folder: Path
    prefix: str
    outcome: RecordOutcome


def record_night(root: str | Path, patience: float = PATIENCE) -> RecordOutcome:
    """Save the whole night as the DVC experiment `night`.

    It holds results/ without the slot and without logs (views and bases cost nothing: their files are in DVC's cache
    from the experiments); its slot holds the champion, so that its row shows the night's best.

    Parameters
    ----------
    root : path
        The project.
    patience : float
        Seconds to wait for another recording.

    Returns
    -------
    RecordOutcome
    """
    root = Path(root).resolve()
    best = champion_of(root)
    if best is None:
        return RecordOutcome(False, "not recorded: there is no finished experiment yet", 0.0)

    def prepare(clone: Clone) -> list[str]:
        slot.fill(root, best, clone.root)
        for path in _files(root / "results"):
            target = clone.root / FOLDER / path.relative_to(root / "results")
            if path.relative_to(root) == Path(CALLS):
                # It is written in place, maybe just now (`nightshift duck`): a link would change with it.
                Store(root).copy_to(target)
            else:
                slot.link(path, target)
        (clone.root / POINTER).write_text(f"outs:\n- path: {FOLDER.as_posix()}\n  persist: true\n", encoding="utf-8")
        return [(clone.project.prefix / POINTER).as_posix()]

    def content() -> str:
        # The files are many and large, so size and time stand for what they hold.
        marks = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in _files(root / "results")]
        return digest_of([best, sorted(marks)])

    return record(root, NIGHT, content, prepare, patience)


def champion_of(root: Path) -> str | None:
    """The last experiment that the ledger keeps; without one, the first that is finished."""
    try:
        lines = (root / "results" / "ledger.tsv").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    rows = [line.split("\t") for line in lines]
    if rows and {"experiment", "status"} <= set(rows[0]):
        name, status = rows[0].index("experiment"), rows[0].index("status")
        kept = [row[name] for row in rows[1:] if len(row) > max(name, status) and row[status] == "keep"]
        if kept:
            return kept[-1]
    finished = sorted(path.parent.name for path in root.glob("results/experiments/*/metrics.json"))
    return finished[0] if finished else None


def restore(root: str | Path, name: str = NIGHT) -> list[Path]:
    """Lay a recorded night out under results/, as the clone that recorded it had it.

    Parameters
    ----------
    root : path
        The project, in a clone that has the experiment (`dvc exp pull origin night`).
    name : str
        Name of the DVC experiment; archived nights have a prefix.

    Returns
    -------
    list of Path
        What lies under results/ now.

    Raises
    ------
    NightshiftError
        When results/ hold something already, or the experiment or its files are not here.
    """
    root = Path(root).resolve()
    results = root / "results"
    remove_leftovers(results)
    if present := _night_entries(results):
        listed = ", ".join(path.name for path in present[:5])
        raise NightshiftError(
            f"results/ hold a night already ({listed}); `nightshift archive` moves it aside, then restore again"
        )
    revision = _revision_of(_opened(root), name)
    results.mkdir(exist_ok=True)
    with temporary_folder("restore", results) as holder:
        fetched = holder / "night"
        _fetch(root, revision, fetched, name)
        outcome = RecordOutcome(True, f"restored from the DVC experiment {name}", 0.0, revision)
        write_json(fetched / OUTCOME_FILE, dataclasses.asdict(outcome))
        set_times(fetched)
        children = sorted(fetched.iterdir())
        for child in children:
            os.replace(child, results / child.name)
    return [results / child.name for child in children]


def archive(root: str | Path, patience: float = PATIENCE) -> Archived:
    """Move the night aside, so that the next one starts from nothing; DVC keeps it, under names with a prefix.

    results/ go to results-archive/<date>-<identity>/; the experiments exp-0007 and night become
    <date>-<identity>-exp-0007 and <date>-<identity>-night. The slot stays: it is not the night's.

    Raises
    ------
    NightshiftError
        When there is no night, or one is running.
    """
    root = Path(root).resolve()
    if not _night_entries(root / "results"):
        raise NightshiftError("results/ hold no night: nothing to archive")
    with no_night_running(root):
        return _archive(root, patience)


def _archive(root: Path, patience: float) -> Archived:
    outcome = record_night(root, patience)
    folder, prefix = _free_place(root)
    try:
        project = open_project(root)
        with one_saver(project, patience):
            _rename(project, prefix)
    except (NotRecordedError, GitError):
        pass  # nothing was ever recorded; the files are moved aside all the same
    folder.mkdir(parents=True)
    (folder.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    # night.json last: it says which commit the night stands on, which a second try after a kill needs.
    for path in sorted(_night_entries(root / "results"), key=lambda path: path.name == HEAD_FILE.name):
        shutil.move(path, folder / path.name)  # results/ may be a link to another disk
    return Archived(folder, prefix, outcome)


def show_command(root: str | Path) -> str:
    """The command that lists this night's experiments in their order, whatever HEAD is by now."""
    options = "--sort-by id --drop 'Created|id|config/experiment.yaml'"
    try:
        project = open_project(root)
        head = night_head(project)
        if head != project.head():
            options = f"--rev {head[:10]} --hide-workspace {options}"
    except (NotRecordedError, GitError, OSError):
        pass
    return f"dvc exp show {options}"


def _files(results: Path) -> Iterator[Path]:
    """All files of the night."""
    for folder, folders, files in os.walk(results):
        at_top = Path(folder) == results
        folders[:] = [name for name in folders if name not in LOGS and not (at_top and name in NOT_THE_NIGHT)]
        for name in files:
            if (
                name not in slot.MARKS
                and not name.endswith((".log", ".sqlite-journal"))
                and not (at_top and name == OUTCOME_FILE)
            ):
                yield Path(folder, name)


def _night_entries(results: Path) -> list[Path]:
    if not results.is_dir():
        return []
    # A restore that was killed leaves a folder of its own behind.
    found = [
        path for path in results.iterdir() if path.name not in NOT_THE_NIGHT and not path.name.startswith(".restore.")
    ]
    # The remembered HEAD alone is no night yet.
    return [] if [path.name for path in found] == [HEAD_FILE.name] else found


def _opened(root: Path) -> Project:
    try:
        return open_project(root)
    except (NotRecordedError, GitError) as error:
        raise NightshiftError(str(error)) from error


def _revision_of(project: Project, name: str) -> str:
    """Commit of the experiment: that of HEAD if there are several, then the newest."""
    found = project.refs(f"refs/exps/??/*/{name}")
    if not found:
        others = sorted({ref.rsplit("/", 1)[1] for ref in project.refs(f"refs/exps/??/*/*-{NIGHT}")})
        known = f"; here are: {', '.join(others)}" if others else ""
        raise NightshiftError(
            f"there is no DVC experiment {name!r} here; `dvc exp pull origin {name}` brings it from the remote{known}"
        )
    return found.get(project.ref_of(project.head(), name)) or next(iter(found.values()))


def _fetch(root: Path, revision: str, target: Path, name: str) -> None:
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo, repo.switch(revision):
            repo.dvcfs.get(f"/{FOLDER.as_posix()}", str(target), recursive=True)
    except Exception as error:  # whatever DVC, the disk or the library of a remote may raise
        shutil.rmtree(target, ignore_errors=True)
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise NightshiftError(
            f"the files of {name!r} are not all in DVC's cache or remote ({why})\n"
            f"    -> `dvc exp pull origin {name}` fetches them; if it fetches nothing, name the DVC remote here "
            "(`dvc remote add --local -d store URL`), and see docs/remotes.md for whether they were ever pushed"
        ) from error


def _free_place(root: Path) -> tuple[Path, str]:
    """A folder name and a prefix that no earlier archive has."""
    identity = next((path for path in sorted(root.glob("results/data/identity*")) if path.is_file()), None)
    mark = digest_of_file(identity)[:6] if identity else "night"
    stem = f"{datetime.date.today():%Y-%m-%d}-{mark}"
    for attempt in range(1, 1000):
        name = stem if attempt == 1 else f"{stem}.{attempt}"
        if not (root / ARCHIVES / name).exists():
            return root / ARCHIVES / name, f"{name}-"
    raise NightshiftError(f"{ARCHIVES}/ holds a thousand archives of today: remove some")


def _rename(project: Project, prefix: str) -> None:
    """Give the night's experiments their archive names, all in one step."""
    head = night_head(project)
    commands = []
    for ref, sha in project.refs(project.ref_of(head, "*")).items():
        name = ref.rsplit("/", 1)[1]
        if re.fullmatch(rf"exp-\d+|{NIGHT}", name):
            commands += [f"update {project.ref_of(head, prefix + name)} {sha}", f"delete {ref} {sha}"]
    if commands:
        project.git("update-ref", "--stdin", stdin="\n".join(["start", *commands, "commit", ""]).encode())
    # The clone holds the old names.
    Clone(project, head).discard()
