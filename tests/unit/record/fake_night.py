"""A night made of tiny files, and what looks at it with the real git and the real dvc."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from nightshift.record import record_experiment
from nightshift.record.slot import FILES

REPOSITORY = Path(__file__).parents[3]
TOP = (".dvc/config", ".dvc/.gitignore", ".dvcignore", ".gitignore", "dvc.lock", "dvc.yaml")
METRICS = ["author", "status", "cv_auc", "delta", "n_bases", "stack", "seconds"]
ROWS = ["exp-0000", "exp-0001", "exp-0002", "exp-0003"]
CRASH = "exp-0002"


def run(root: Path, *command: str, check: bool = True) -> str:
    if command[0] == "dvc":
        command = (sys.executable, "-m", *command)
    # The person has an identity (a second `dvc exp apply` wants one); the recorder must do without.
    env = os.environ | {"HOME": str(Path(os.environ["HOME"], "person"))}
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, env=env)
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def commit(root: Path, message: str = "A commit") -> str:
    run(root, "git", "add", "-A")
    run(root, "git", "commit", "-qm", message)
    return run(root, "git", "rev-parse", "HEAD").strip()


def rows(root: Path, command: str = "dvc exp show") -> dict[str, dict[str, str]]:
    text = run(root, *command.replace("'", "").split(), "--csv")
    return {row["Experiment"]: row for row in csv.DictReader(io.StringIO(text)) if row["typ"].startswith("branch")}


def experiment_yaml(name: str, method: str = "rank_mean") -> str:
    learner = {"kind": "xgboost", "depth": int(name[-1])}
    bases = {"all": {"views": ["table"], "learner": learner}}
    content = {"id": name, "parent": None, "author": "search", "hypothesis": "More helps", "views": {"table": {}}}
    return yaml.safe_dump(content | {"bases": bases, "stack": {"method": method}}, sort_keys=False)


def write_experiment(root: Path, name: str, auc: float) -> None:
    folder = root / "results" / "experiments" / name
    (folder / "plots").mkdir(parents=True)
    (folder / "logs").mkdir()
    (folder / "logs" / "stack.log").write_text("...")
    (folder / "experiment.yaml").write_text(experiment_yaml(name))
    crash = name == CRASH
    values = [
        "search",
        "crash" if crash else "keep",
        None if crash else auc,
        None if crash else 0.01,
        1,
        "rank_mean",
        2.5,
    ]
    (folder / "metrics.json").write_text(json.dumps(dict(zip(METRICS, values, strict=True))))
    if crash:
        return
    base = root / "results" / "bases" / f"digest-{name}"
    base.mkdir(parents=True)
    (base / "oof.parquet").write_text(f"oof of a base of {name}")
    (base / ".snakemake_timestamp").touch()
    plan = {"views": {"table": "results/views/one.arrow"}, "bases": {"all": f"results/bases/{base.name}"}}
    (folder / "plan.json").write_text(json.dumps(plan))
    for file, stand_in in FILES.items():
        (folder / file).write_text(f"{stand_in}0,0\n1,{auc}\n" if file.startswith("plots") else f'{{"of": "{name}"}}')


def write_project(root: Path) -> Path:
    for name in TOP:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / name, root / name)
    (root / "config").mkdir()
    (root / "config" / "experiment.yaml").write_text(experiment_yaml("exp-0000"))
    (root / "code.py").write_text("x = 1\n")
    (root / "gone.py").write_text("y = 1\n")
    (root / "results" / "views").mkdir(parents=True)
    (root / "results" / "views" / "one.arrow").write_text("a view")
    (root / "results" / "data").mkdir()
    (root / "results" / "data" / "identity.json").write_text('{"digest": "1a2b"}')
    for number, name in enumerate(ROWS):
        write_experiment(root, name, 0.6 + number / 100)
    status = ["keep", "keep", "crash", "discard"]
    ledger = [f"{name}\t{state}" for name, state in zip(ROWS, status, strict=True)]
    (root / "results" / "ledger.tsv").write_text("\n".join(["experiment\tstatus", *ledger]) + "\n")
    return root


def record_all(root: Path) -> None:
    for name in ROWS:
        outcome = record_experiment(root, name)
        assert outcome.recorded, outcome
