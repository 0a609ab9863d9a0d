"""The user's git repository, read without leaving a trace in its tree, its index or its stash."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# What must be in the night's commit; without dvc.lock there DVC drops the outs of the first saves without a word.
NEEDED = (".dvc/config", "config/experiment.yaml", "dvc.lock", "dvc.yaml")
# Variables of git that name another repository (set inside hooks, for instance).
ELSEWHERE = {f"GIT_{name}" for name in ("DIR", "WORK_TREE", "INDEX_FILE", "COMMON_DIR", "NAMESPACE", "PREFIX")} | {
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
}
# Untracked files beyond this are data rather than code, and git keeps what it is given for ever.
LARGEST_UNTRACKED = 5 * 2**20


class NotRecordedError(Exception):
    """Why nothing can be recorded here, and what to do about it. Never leaves this package."""


class GitError(Exception):
    """A git command that failed, with what it said."""


def clean_environment() -> dict[str, str]:
    """The environment without what would point git or DVC elsewhere."""
    kept = {key: value for key, value in os.environ.items() if key not in ELSEWHERE and not key.startswith("DVC_EXP_")}
    # Optional locks: `git status` would otherwise refresh the user's index file.
    return kept | {
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "LC_ALL": "C",
    }


def git(*arguments: str, cwd: Path, env: dict[str, str] | None = None, stdin: bytes | None = None) -> str:
    """Run git and return what it printed, without the last newline."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=cwd, env=clean_environment() | (env or {}), input=stdin, capture_output=True
        )
    except FileNotFoundError as error:
        if not cwd.is_dir():
            raise GitError(f"git {arguments[0]}: there is no folder {cwd}") from error
        raise NotRecordedError("git is not installed; install it, and later experiments are recorded") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise GitError(f"git {arguments[0]}: {said or f'exit status {done.returncode}'}")
    return os.fsdecode(done.stdout).rstrip("\n")


@dataclass(frozen=True)
class Project:
    """A project folder inside a git repository.

    Parameters
    ----------
    root : Path
        The project: where dvc.yaml and results/ lie.
    toplevel : Path
        Top of the git tree; the same as `root` but for a project in a folder of a larger repository.
    """

    root: Path
    toplevel: Path

    @property
    def prefix(self) -> Path:
        return self.root.relative_to(self.toplevel)

    @property
    def private(self) -> Path:
        """Folder of what recording needs for itself; DVC keeps git out of it."""
        return self.root / ".dvc" / "tmp" / "nightshift"

    def git(self, *arguments: str, **options) -> str:
        return git(*arguments, cwd=self.toplevel, **options)

    def git_path(self, name: str) -> Path:
        return Path(self.toplevel, self.git("rev-parse", "--git-path", name))

    def head(self) -> str:
        return self.git("rev-parse", "--verify", "--quiet", "HEAD^{commit}")

    def has_commit(self, sha: str) -> bool:
        try:
            self.git("cat-file", "-e", f"{sha}^{{commit}}")
        except GitError:
            return False
        return True

    def ref_of(self, head: str, name: str) -> str:
        return f"refs/exps/{head[:2]}/{head[2:]}/{name}"

    def refs(self, *patterns: str) -> dict[str, str]:
        """Names of refs that match, newest first, with the commits they point to."""
        form = "--format=%(refname) %(objectname)"
        lines = self.git("for-each-ref", "--sort=-committerdate", form, *patterns).splitlines()
        return dict(line.split(" ") for line in lines)


def open_project(root: str | Path) -> Project:
    """The project at `root`.

    Raises
    ------
    NotRecordedError
        When there is no git repository, no commit or no DVC; the message says what to type.
    """
    root = Path(root).resolve()
    try:
        project = Project(root, Path(git("rev-parse", "--show-toplevel", cwd=root)).resolve())
    except GitError as error:
        if "not a git repository" not in str(error):
            raise NotRecordedError(str(error)) from error
        raise NotRecordedError(
            "this folder is no git repository; `git init && git add -A && git commit -m Start` makes it one, "
            "and a night started after that is recorded"
        ) from error
    try:
        project.head()
    except GitError as error:
        raise NotRecordedError(
            "the git repository has no commit yet; `git add -A && git commit -m Start`, and later experiments are recorded"
        ) from error
    if not (root / ".dvc").is_dir():
        raise NotRecordedError(
            "DVC is not set up here (no .dvc folder); `dvc init`, commit what it adds, and later experiments are recorded"
        )
    return project


def check_commit(project: Project, head: str) -> None:
    """Raise NotRecordedError unless the night's commit holds what a DVC experiment stands on."""
    paths = [(project.prefix / path).as_posix() for path in NEEDED]
    present = project.git("ls-tree", "--full-tree", "--name-only", head, "--", *paths).splitlines()
    missing = [needed for needed, path in zip(NEEDED, paths, strict=True) if path not in present]
    if missing:
        raise NotRecordedError(
            f"{', '.join(missing)} not in the commit that the night stands on ({head[:10]}); "
            f"`git add {' '.join(missing)} && git commit`, and the next night is recorded"
        )


def snapshot(project: Project, objects: Path, index: Path) -> tuple[str, list[str]]:
    """Write the user's files as they are now, edits and untracked files included, as a git tree.

    Works on a copy of the index, and the objects go to a store of our own: nothing of the user's changes.

    Parameters
    ----------
    project : Project
        The user's repository.
    objects : Path
        Object store that receives what is new.
    index : Path
        Where the copy of the index may lie.

    Returns
    -------
    tree : str
        Digest of the tree.
    left_out : list of str
        Untracked files that are too large for git.
    """
    for leftover in (index, index.with_name(f"{index.name}.lock")):
        leftover.unlink(missing_ok=True)
    if (original := project.git_path("index")).exists():
        shutil.copyfile(original, index)
    env = {
        "GIT_INDEX_FILE": str(index),
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(project.git_path("objects").resolve()),
    }
    listed = project.git("ls-files", "-z", "--others", "--exclude-standard", env=env).split("\0")
    # A name that ends in a slash is a repository inside this one: somebody else's history.
    untracked = [name for name in listed if name and not name.endswith("/") and _readable(project.toplevel / name)]
    large = [name for name in untracked if _size(project.toplevel / name) > LARGEST_UNTRACKED]
    project.git("-c", "core.safecrlf=false", "add", "--update", ":/", env=env)
    add_paths(project.toplevel, set(untracked) - set(large), env)
    return project.git("write-tree", env=env), sorted(large)


def add_paths(tree: Path, names: Iterable[str], env: dict[str, str]) -> None:
    if names := sorted(names):
        arguments = ["-c", "core.safecrlf=false", "--literal-pathspecs", "add"]
        stdin = os.fsencode("\0".join(names))
        git(*arguments, "--pathspec-from-file=-", "--pathspec-file-nul", cwd=tree, env=env, stdin=stdin)


def _readable(path: Path) -> bool:
    return path.is_symlink() or os.access(path, os.R_OK)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
