"""nightshift gc: what is thinned, what is never touched."""

import pytest

from nightshift.cli import main
from nightshift.files import write_json, write_text
from nightshift.gc import find_garbage, in_words, size_of


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Three experiments: the baseline, one kept, one discarded; a base each, and one that two share."""
    monkeypatch.chdir(tmp_path)
    write_text(tmp_path / "dvc.yaml", "")
    (tmp_path / "config").mkdir()
    uses = {
        "exp-0000": (["a"], "keep"),
        "exp-0001": (["b", "shared"], "keep"),
        "exp-0002": (["c", "shared"], "discard"),
    }
    for name, (bases, status) in uses.items():
        folder = tmp_path / "results/experiments" / name
        write_json(folder / "metrics.json", {"status": status})
        write_json(folder / "plan.json", {"views": {}, "bases": {base: f"results/bases/{base}" for base in bases}})
    for base in ("a", "b", "c", "shared"):
        write_text(tmp_path / f"results/bases/{base}/models.skops", "x" * 1000)
        write_text(tmp_path / f"results/bases/{base}/oof.parquet", "kept")
    return tmp_path


def there(project):
    return {path.parent.name for path in project.glob("results/bases/*/models.skops")}


def test_only_models_of_bases_that_no_kept_experiment_uses_go(project, capsys):
    assert main(["gc", "--dry-run"]) == 0
    assert "1 bases would be removed: 1.0 kB; 3 bases keep theirs" in capsys.readouterr().out
    assert there(project) == {"a", "b", "c", "shared"}
    assert main(["gc"]) == 0
    assert there(project) == {"a", "b", "shared"}
    assert (project / "results/bases/c/oof.parquet").exists()
    assert main(["gc"]) == 0 and "0 bases removed: 0 bytes" in capsys.readouterr().out


def test_the_slot_and_the_ladder_keep_theirs(project):
    for place in ("experiment", "ladder/rungs/stacked"):
        write_json(project / f"results/{place}/plan.json", {"views": {}, "bases": {"c": "results/bases/c"}})
        assert not find_garbage(project).files
        (project / f"results/{place}/plan.json").unlink()


def test_sizes_count_a_file_with_two_names_once(tmp_path):
    write_text(tmp_path / "one", "x" * 500)
    (tmp_path / "two").hardlink_to(tmp_path / "one")
    assert size_of(tmp_path) == 500
    assert [in_words(size) for size in (12, 1500, 2_500_000, 7_000_000_000_000)] == [
        "12 bytes",
        "1.5 kB",
        "2.5 MB",
        "7000.0 GB",
    ]
