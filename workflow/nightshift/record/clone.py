"""The private clone in which experiments are saved.

`dvc exp save` stashes and hard-resets the tree it runs in, so it never runs in the user's. The clone shares the user's
git objects and DVC cache, has nothing of value of its own, and is built anew whenever anything about it is in doubt.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from nightshift.files import NO_LOCKS, read_json, write_json
from nightshift.record.gitrepo import GitError, NotRecordedError, Project, clean_environment, git, snapshot


class Clone:
    """One clone at one commit; use only inside `one_saver`.

    Parameters
    ----------
    project : Project
        The user's repository.
    head : str
        The commit that the night stands on: the parent of what is saved.
    """

    def __init__(self, project: Project, head: str):
        self.project = project
        self.head = head
        self.tree = project.private / "clone"
        self.root = self.tree / project.prefix
        self.state = project.private / "clone.json"

    def git(self, *arguments: str, **options) -> str:
        return git(*arguments, cwd=self.tree, **options)

    @contextlib.contextmanager
    def ready(self) -> Iterator[None]:
        """Make sure that the clone is sound, and mark it as in use: a kill inside leaves the mark, and the next rebuilds."""
        wanted = {"head": self.head, "root": str(self.project.root), "cache": str(self._cache_dir()), "busy": False}
        if self._known() != wanted:
            self._build(Path(wanted["cache"]))
        write_json(self.state, wanted | {"busy": True})
        yield
        # Hard links would keep the disk space of files that the user removes.
        shutil.rmtree(self.root / "results", ignore_errors=True)
        write_json(self.state, wanted)

    def take_user_files(self) -> tuple[list[str], list[str]]:
        """Bring the clone's files to what the user's tree holds now.

        Returns
        -------
        added : list of str
            Files that the night's commit lacks, as `exp save` wants them named.
        left_out : list of str
            Untracked files too large for git.
        """
        tree, left_out = snapshot(self.project, self.tree / ".git" / "objects", self.project.private / "index")
        self.git("reset", "--quiet", "--hard", self.head)
        self.git("clean", "--quiet", "-ffd")
        self.git("read-tree", "--reset", "-u", tree)
        self.git("reset", "--quiet", self.head)
        listed = self.git("diff-tree", "-r", "-z", "--name-only", "--diff-filter=A", self.head, tree)
        return [name for name in listed.split("\0") if name], left_out

    def save(self, name: str, added: list[str]) -> str:
        """Save what lies in the clone as the DVC experiment `name` and hand it to the user's repository."""
        with _undisturbed():
            from dvc.repo import Repo

            with Repo(str(self.root)) as repo:
                paths = [str(self.tree / path) for path in added]
                revision = repo.experiments.save(name=name, force=True, include_untracked=paths)
        ref = self.project.ref_of(self.head, name)
        if self.git("rev-parse", ref) != revision:
            raise GitError(f"{ref} is not what was saved")
        self._hand_over(ref)
        return revision

    def discard(self) -> None:
        self.state.unlink(missing_ok=True)

    def _hand_over(self, ref: str) -> None:
        # Narrow: `refs/exps/*` would also bring DVC's own refs/exps/exec. No FETCH_HEAD, no tags, no clean-up of the user's.
        options = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules"]
        fetch = ["fetch", *options, str(self.tree), f"+{ref}:{ref}"]
        try:
            self.project.git(*fetch)
        except GitError:
            # A kill in the very moment leaves git's lock of this one ref, which nobody but us writes.
            lock = self.project.git_path(f"{ref}.lock")
            if not lock.exists():
                raise
            lock.unlink()
            self.project.git(*fetch)

    def _known(self) -> dict | None:
        try:
            found = self.git("rev-parse", "--show-toplevel", "HEAD").splitlines()
            # Without a repository of its own git would look upward and find the user's.
            sound = Path(found[0]).samefile(self.tree) and (self.root / ".dvc" / "config.local").exists()
            return read_json(self.state) if sound else None
        except (OSError, ValueError, GitError):
            return None

    def _build(self, cache: Path) -> None:
        self.discard()
        site = self.project.private / "site"
        for folder in (self.tree, site):
            shutil.rmtree(folder, ignore_errors=True)
        self.tree.mkdir(parents=True)
        # Not `git clone --shared`: that refuses to share with a shallow repository, and copies all branches.
        self.git("init", "--quiet", "--template=", ".")
        info = self.tree / ".git" / "objects" / "info"
        info.mkdir(exist_ok=True)
        (info / "alternates").write_text(f"{self.project.git_path('objects').resolve()}\n")
        if (shallow := self.project.git_path("shallow")).exists():
            shutil.copyfile(shallow, self.tree / ".git" / "shallow")
        for key, value in {
            # The user may have no identity set; this one stands in the records alone.
            "user.name": "nightshift",
            "user.email": "nightshift@localhost",
            "commit.gpgSign": "false",
            "core.hooksPath": os.devnull,
            "core.safecrlf": "false",
            "gc.auto": "0",
        }.items():
            self.git("config", key, value)
        self.git("update-ref", "--no-deref", "HEAD", self.head)
        self.git("checkout", "--quiet", "--force", "--detach", self.head)
        # Never hard links or symbolic links: DVC would write-protect the files of results/ through them.
        (self.root / ".dvc" / "config.local").write_text(
            f'[cache]\n    dir = "{cache}"\n    type = "reflink,copy"\n'
            f'[core]\n    autostage = false\n    site_cache_dir = "{site}"\n'
            "[exp]\n    auto_push = false\n[studio]\n    offline = true\n"
        )

    def _cache_dir(self) -> Path:
        from dvc.config import Config

        folder = self.project.root / ".dvc"
        configured = Config(dvc_dir=str(folder))["cache"].get("dir")
        return Path(self.project.root, configured) if configured else folder / "cache"


@contextlib.contextmanager
def one_saver(project: Project, patience: float) -> Iterator[None]:
    """Wait for the turn to save; the lock goes with the process, however that ends."""
    try:
        project.private.mkdir(parents=True, exist_ok=True)
        handle = open(project.private / "lock", "w")  # noqa: SIM115 (closed below, kept open for the lock's life)
    except OSError as error:
        raise NotRecordedError(f"cannot write to .dvc/tmp ({error.strerror})") from error
    with handle:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno in NO_LOCKS:
                    break
                if not isinstance(error, BlockingIOError):
                    raise NotRecordedError(f"cannot lock .dvc/tmp ({error.strerror})") from error
                if time.monotonic() > deadline:
                    raise NotRecordedError(f"another recording held its lock for {patience:.0f} s") from None
                time.sleep(0.05)
        yield


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Run DVC in this process: quiet, with a clean environment, and back in the same folder whatever it does."""
    before, folder, logger = dict(os.environ), os.getcwd(), logging.getLogger("dvc")
    level = logger.level
    streams = {one: one.stream for one in logger.handlers if isinstance(one, logging.StreamHandler)}
    try:
        os.environ.clear()
        os.environ.update(clean_environment())
        logger.setLevel(logging.ERROR)
        for handler in streams:  # loaded before this job, they would write where its parent does
            handler.stream = sys.stderr
        yield
    finally:
        logger.setLevel(level)
        for handler, stream in streams.items():
            handler.stream = stream
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(before)
