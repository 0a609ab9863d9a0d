"""A key in the environment of a night is nowhere afterwards: not in results, records, caches, metadata or logs."""

import subprocess
import zipfile
from pathlib import Path

from projects import SECRET

KEY = SECRET.encode()


def places_of(key: bytes, root: Path) -> list[str]:
    """Files below a folder that hold a key: as they are, unzipped, or as objects of a git repository."""
    found = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            held = key in path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    held |= any(key in archive.read(part) for part in archive.infolist())
            found += [path.relative_to(root).as_posix()] * held
        elif path.name == ".git" and key in _objects(path):
            found.append(f"objects of {path.relative_to(root).as_posix()}")
    return found


def _objects(repository: Path) -> bytes:
    """All objects of a repository, reachable or not; on disk they are compressed."""
    command = ["git", f"--git-dir={repository}", "cat-file", "--batch-all-objects", "--batch"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def test_a_key_is_nowhere_after_a_night(finished_night):
    assert finished_night.path(".dvc/cache").is_dir() and finished_night.path(".dvc/tmp/nightshift/clone/.git").is_dir()
    # The person's own file, which git ignores; it was there before the night and is in no record.
    assert places_of(KEY, finished_night.root) == [".env"]


def test_a_key_would_be_found(tmp_path):
    (tmp_path / "a.log").write_bytes(b"Authorization: Bearer " + KEY)
    with zipfile.ZipFile(tmp_path / "models.skops", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", SECRET)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q", str(tmp_path / "clone")], check=True)
    (tmp_path / "clone/note").write_bytes(KEY)
    subprocess.run([*git, "add", "note"], cwd=tmp_path / "clone", check=True)
    (tmp_path / "clone/note").unlink()
    assert places_of(KEY, tmp_path) == ["a.log", "objects of clone/.git", "models.skops"]
