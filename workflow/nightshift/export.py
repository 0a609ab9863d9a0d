"""Packs a model into a folder that predicts with nothing but its own requirements: no nightshift, no wheel, no index."""

from __future__ import annotations

import ast
import importlib.util
import platform
import shutil
import textwrap
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, version
from pathlib import Path

from packaging.requirements import Requirement

from nightshift.errors import NightshiftError
from nightshift.files import replacing, write_text
from nightshift.model import Model, load_model
from nightshift.sandbox.parent import CHILD

_ENTRY = "nightshift.exported"
# The registry imports every module of these; they are small, and what they need heavily they import when used.
_FOUND_BY_NAME = ("nightshift.views", "nightshift.learners")
_OPTIONAL = ("lightgbm", "catboost", "optuna", "openai", "httpx2")
_SCRIPT = '''\
"""Predict new cases: python predict.py CASES [TRANSCRIPTS]; --help says more, README.md how to install."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "library"))

from nightshift.exported import main  # noqa: E402

sys.exit(main(HERE / "model"))
'''


def export(model_folder: str | Path, target: str | Path) -> list[Path]:
    """Write the folder: model/, library/, predict.py, requirements.txt, README.md.

    Parameters
    ----------
    model_folder : such as results/champion
    target : a folder that is not there yet, or empty

    Returns
    -------
    list of Path : what lies in it

    Raises
    ------
    NightshiftError
        When there is no model, or something lies at the target.
    """
    model, target = load_model(model_folder), Path(target)
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise NightshiftError(f"{target} is there already\n    -> name a folder that is not, or remove it")
    modules = closure([_ENTRY, *_modules_of(_FOUND_BY_NAME), *_started_by(model)])
    with replacing(target) as folder:
        folder.mkdir()
        shutil.copytree(model_folder, folder / "model", ignore=shutil.ignore_patterns(".*"))
        for name in modules:
            _copy_module(name, folder / "library")
        write_text(folder / "predict.py", _SCRIPT)
        write_text(folder / "requirements.txt", requirements_text(model, modules))
        write_text(folder / "README.md", _readme(model))
    return sorted(target.iterdir())


def _started_by(model: Model) -> list[str]:
    """Modules that run as processes of their own, which no import names: where SQL is run, of a view or of a segment."""
    parts, bases = model.experiment.views.values(), model.experiment.bases.values()
    asks = any(view.kind == "sql" for view in parts) or any(base.segment is not None for base in bases)
    return [CHILD] if asks else []


def closure(entries: Iterable[str]) -> dict[str, set[str]]:
    """Modules of nightshift that some of them import, directly or not, each with the other packages that it imports.

    Read from the sources, imports inside functions included; what only type checkers import is left out.
    """
    found: dict[str, set[str]] = {}
    waiting = list(entries)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = set()
        parent = name.rpartition(".")[0]
        waiting += [parent] if parent else []
        tree = ast.parse(Path(importlib.util.find_spec(name).origin).read_text(encoding="utf-8"))
        for imported in _imports(tree):
            if imported.partition(".")[0] != "nightshift":
                found[name].add(imported.partition(".")[0])
            elif _is_module(imported):
                waiting.append(imported)
    return dict(sorted(found.items()))


def _imports(tree: ast.AST) -> Iterator[str]:
    """Names of modules, and of what may be modules, that a source imports."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield from _imports(node)


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # a name inside a module that is no package
        return False


def _modules_of(packages: Iterable[str]) -> list[str]:
    folders = [(name, Path(importlib.util.find_spec(name).origin).parent) for name in packages]
    return [
        f"{name}.{path.stem}" for name, folder in folders for path in folder.glob("*.py") if path.stem != "__init__"
    ]


def _copy_module(name: str, library: Path) -> None:
    source = Path(importlib.util.find_spec(name).origin)
    place = library.joinpath(*name.split("."))
    place = place / "__init__.py" if source.name == "__init__.py" else place.with_suffix(".py")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)


def requirements_text(model: Model, modules: dict[str, set[str]]) -> str:
    """requirements.txt: every distribution that predicting takes, those below them included, at the versions that are here."""
    parts = [*model.experiment.views.values(), *(base.learner for base in model.experiment.bases.values())]
    used = {_canonical(library) for part in parts for library in part.libraries}
    of_module = packages_distributions()
    imported = {name for names in modules.values() for name in names}
    # A kind that another distribution brings is imported by its name at load.
    imported |= {type(part).__module__.partition(".")[0] for part in parts} - {"nightshift"}
    direct = {_canonical(of_module[name][0]) for name in imported if name in of_module}
    wanted = {name for name in direct | used if name not in _OPTIONAL or name in used}
    lines = [f"{name}=={version(name)}" for name in _with_all_below(wanted)]
    made = f"# Of {model.experiment.id}, made with Python {platform.python_version()} on {platform.system()} {platform.machine()}."
    return "\n".join([made, *lines]) + "\n"


def _with_all_below(names: set[str]) -> list[str]:
    found: set[str] = set()
    waiting = sorted(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            needs = distribution(name).requires or []
        except PackageNotFoundError:
            continue  # of another platform, or an extra
        found.add(name)
        needed = [Requirement(text) for text in needs]
        waiting += [_canonical(one.name) for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    return sorted(found)


def _canonical(name: str) -> str:
    return name.lower().replace("_", "-")


def _readme(model: Model) -> str:
    data = model.about["data"]
    calls = " new-calls/" if data["transcripts"] else ""
    major = ".".join(platform.python_version_tuple()[:2])
    return textwrap.dedent(f"""\
        # {model.experiment.id}: predicts `{data["target"]}`

        Everything that predicting takes lies in this folder; [model/README.md](model/README.md) is the model card. With
        Python {major}:

        ```
        python -m venv .venv
        .venv/bin/python -m pip install -r requirements.txt
        .venv/bin/python predict.py new.csv{calls}
        ```

        It writes new-predicted.csv: probability, rank, decile and three reasons a case. `new.csv` needs the columns that
        the model learned from, `{data["id"]}` among them; what is wrong with a file is said at once. `--help` lists the
        options. The versions in requirements.txt are those of training: others may predict other numbers, or fail to load.
        """)
