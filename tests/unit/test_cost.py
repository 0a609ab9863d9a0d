"""What a night cost, from the files that it leaves."""

import json

import pytest

from nightshift.report.cost import cost_of


def write(root, name, content):
    file = root / "results" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))


def job(root, name, seconds, cpu):
    write(root, f"{name}.tsv", f"s\th:m:s\tcpu_time\n{seconds}\t0:00:00\t{cpu}\n")


@pytest.fixture
def night(tmp_path):
    """Two experiments with a view and a base each; the second has a base of its own."""
    write(tmp_path, "views/v.json", {"ok": True, "seconds": 2.0, "work": 1.5})
    job(tmp_path, "benchmarks/views/v", 2, 1.9)
    job(tmp_path, "benchmarks/views/v-0-of-2", 1, 0.9)
    for base, seconds in (("a", 10.0), ("b", 5.0)):
        write(tmp_path, f"bases/{base}/outcome.json", {"ok": True, "seconds": seconds, "work": seconds - 1})
        job(tmp_path, f"benchmarks/bases/{base}", seconds, seconds)
    for exp, bases in (("exp-0000", "a"), ("exp-0001", "ab")):
        plan = {"views": {"v": "results/views/v.arrow"}, "bases": {name: f"results/bases/{name}" for name in bases}}
        write(tmp_path, f"experiments/{exp}/plan.json", plan)
        write(tmp_path, f"experiments/{exp}/stack.json", {"work": 0.25})
        job(tmp_path, f"experiments/{exp}/logs/stack", 1, 0.5)
    job(tmp_path, "benchmarks/report", 100, 100)
    return tmp_path


def test_shared_files_are_made_once_and_what_they_saved_is_counted(night):
    cost = cost_of(["exp-0000", "exp-0001"], night)
    assert (cost.used, cost.made, cost.saved) == (5, 3, pytest.approx(12.0))


def test_own_work_is_that_of_views_learners_and_stacks(night):
    cost = cost_of(["exp-0000", "exp-0001"], night)
    assert cost.work == pytest.approx(1.5 + 9 + 4 + 2 * 0.25)
    assert cost.cpu == pytest.approx(1.9 + 0.9 + 10 + 5 + 2 * 0.5)
    assert {row["rule"]: row["jobs"] for row in cost.rules} == {"featurize": 2, "train_base": 2, "stack": 2}


def test_a_failed_base_did_no_work_of_its_own_and_one_that_is_gone_hides_the_sum(night):
    write(night, "bases/b/outcome.json", {"ok": False, "reason": "no", "seconds": 5.0})
    assert cost_of(["exp-0000", "exp-0001"], night).work == pytest.approx(1.5 + 9 + 0.5)
    (night / "results/bases/b/outcome.json").unlink()
    assert cost_of(["exp-0000", "exp-0001"], night).work == 0
