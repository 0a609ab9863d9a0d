"""A nightshift project in a folder of its own, and the real commands run in it."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

REPO = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SHIPPED = (
    "Snakefile",
    "rules",
    "scripts",
    "profiles",
    "dvc.yaml",
    "dvc.lock",
    ".dvc",
    ".dvcignore",
    ".gitignore",
    "workflow/report",
)
SECRET = "sk-fake-5b1c7e0d2f9a48369c1be7"  # a key that opens nothing
CONFIG = {
    "data": {
        "cases": "data/demo/cases.csv",
        "transcripts": "data/demo/transcripts.jsonl",
        "id": "deal_id",
        "target": "won",
        "group": "account",
    },
    "validation": {"folds": 3},
    "search": {"experiments": 6, "parallel": 2},
    "demo": {"n": 240},
}


@dataclass
class Project:
    """A project's root with what tests do there."""

    root: Path
    status_before: str = ""

    def run(self, *command: str, check: bool = True, **options) -> subprocess.CompletedProcess:
        environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": ""}
        options = {"timeout": 600, **options}
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, **options)
        assert not check or done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-6000:]}"
        return done

    def snakemake(self, *arguments: str, check: bool = True) -> str:
        """Output and error of a `snakemake` run."""
        done = self.run("snakemake", *arguments, check=check)
        return done.stdout + done.stderr

    def start(self, *command: str) -> subprocess.Popen:
        """A command in a process group of its own, output thrown away."""
        environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": ""}
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def path(self, name: str) -> Path:
        return self.root / name

    def write(self, name: str, text: str) -> None:
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text)

    def configure(self, **sections: dict) -> None:
        """Change keys of config/config.yaml."""
        config = yaml.safe_load(self.path("config/config.yaml").read_text())
        for name, keys in sections.items():
            config[name] = {**config.get(name, {}), **keys}
        self.write("config/config.yaml", yaml.safe_dump(config))

    def queue(self, name: str, stack: str = "logistic", speaker: str = "customer") -> None:
        """Put an experiment of one words base into the queue."""
        experiment = {
            "hypothesis": f"What the {speaker} says is enough.",
            "views": {"words": {"kind": "words", "speakers": [speaker], "ngrams": 1}},
            "bases": {"words": {"views": ["words"], "learner": {"kind": "logistic", "c": 0.5}}},
            "stack": {"method": stack},
        }
        self.write(f"config/experiments/{name}", yaml.safe_dump(experiment))

    def ledger(self) -> pd.DataFrame:
        """The ledger without `seconds`, which alone may differ between two runs of the same night."""
        return pd.read_csv(self.path("results/ledger.tsv"), sep="\t").drop(columns="seconds")

    def leftovers(self) -> list[Path]:
        """Temporary folders, the locks of Snakemake and git, and scripts and marks of killed jobs: no night may leave them."""
        found = [path for path in self.root.rglob("*") if path.name.startswith(".") and path.name.count(".") > 2]
        found += [
            file for name in ("locks", "scripts", "incomplete") for file in self.path(f".snakemake/{name}").glob("*")
        ]
        return [*found, *self.path(".git").rglob("*.lock")]

    def contents(self, folder: str) -> dict[str, bytes]:
        """Every file below a folder."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(self.path(folder).rglob("*"))
            if path.is_file()
        }


def make_project(root: Path, config: dict, git: bool = True) -> Project:
    """Copy what the repository ships, with another config, and commit it."""
    root.mkdir(parents=True)
    for name in SHIPPED:
        source = REPO / name
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        copy(source, root / name, **({"ignore": shutil.ignore_patterns("tmp", "cache")} if source.is_dir() else {}))
    project = Project(root)
    project.write("config/config.yaml", yaml.safe_dump(config))
    for name in ("program.md", "experiment.yaml"):
        shutil.copy2(REPO / "config" / name, root / "config" / name)
    project.write("README.md", "as committed\n")
    if git:
        project.run("git", "init", "-qb", "main")
        project.run("git", "add", "-A")
        project.run("git", "commit", "-qm", "start")
    return project


def offer_faulty(folder: Path) -> str:
    """Install the distribution `faulty` into a folder, as pip would; the PYTHONPATH that has it."""
    info = folder / "faulty-1.0.dist-info"
    info.mkdir(parents=True)
    shutil.copy2(Path(__file__).with_name("faulty.py"), folder)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nightshift.learners]\nfaulty = faulty:Faulty\n")
    return os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
