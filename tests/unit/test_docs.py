"""What the pages show is true: examples parse, links lead somewhere, commands exist, generated text is in step."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest
import yaml

from nightshift.cli import _parser
from nightshift.config import Config
from nightshift.experiment import Experiment, parse_experiment
from nightshift.learners import LEARNERS
from nightshift.reference_pages import PAGE, reference_text
from nightshift.stack import StackSpec
from nightshift.views import VIEWS

REPO = Path(__file__).resolve().parents[2]
PAGES = [REPO / "README.md", REPO / "SECURITY.md", REPO / "config/README.md", *sorted((REPO / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_links_lead_to_files(page):
    for target in re.findall(r"\]\((?!http|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_examples_of_experiments_are_valid(page):
    for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), flags=re.S):
        content = yaml.safe_load(
            "\n".join(line.removeprefix("  ") for line in block.splitlines()) if block.startswith("  ") else block
        )
        if "bases" in content:
            assert isinstance(parse_experiment(content, str(page)), Experiment)
        elif "learner" in content:
            kind = content["learner"]["kind"]
            assert LEARNERS[kind].model_validate(content["learner"])


def test_the_tour_names_every_kind():
    page = (REPO / "docs/experiments.md").read_text()
    methods = StackSpec.model_fields["method"].annotation.__args__
    for name in (*VIEWS, *LEARNERS, *methods):
        assert f"`{name}`" in page, name


def commands(page):
    """Lines of code blocks, and code within a line, that call one of our commands; comments cut off."""
    text = page.read_text()
    blocks = re.findall(r"```(?:console)?\n(.*?)```", text, flags=re.S)
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`((?:nightshift|make|snakemake) [^`]+)`", text)
    parts = [part.strip() for line in lines for part in re.split(r"&&|;|\||>", line.split("  #")[0].split(" # ")[0])]
    return [part for part in parts if re.match(r"(nightshift|make|snakemake) ", part)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_commands_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (REPO / "Makefile").read_text(), flags=re.M))
    rules = {
        name
        for path in (REPO / "rules").glob("*.smk")
        for name in re.findall(r"^(?:rule|checkpoint) (\w+):", path.read_text(), flags=re.M)
    }
    for command in commands(page):
        program, *words = shlex.split(command)
        if program == "nightshift":
            words = [word for word in words if word not in ("...", "…")]
            try:
                _parser().parse_args([*words, *(["x"] if words in (["init"], ["predict"], ["export"]) else [])])
            except SystemExit as error:
                assert error.code == 0, command
        elif program == "make":
            assert words[0] in targets, command
        else:
            named = [word for word in words if re.fullmatch(r"[a-z_]+", word) and word != "all"]
            assert set(named) <= rules | {"local"}, command


def test_the_index_leads_to_every_page():
    index = (REPO / "docs/README.md").read_text()
    for page in (REPO / "docs").glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index, page.name
    assert "docs/README.md" in (REPO / "README.md").read_text()


def test_the_reference_is_in_step_with_the_models():
    assert PAGE.read_text() == reference_text(), "run `make schemas`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_keys_of_the_configuration_are_known(page):
    """`section.key` in a page is a key of that section."""
    sections = "|".join(Config.model_fields)
    schema = (REPO / "workflow/schemas/config.schema.json").read_text()
    for section, key in re.findall(rf"`({sections})\.(?!yaml)([a-z_]+)[`:]", page.read_text()):
        assert f'"{key}"' in schema, f"{section}.{key}"


def tutorial():
    spec = importlib.util.spec_from_file_location("tutorial", REPO / "docs/tutorial.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tutorial_is_rewritten_command_by_command():
    page = "Text\n```console\n$ one\nold\n$ two\n```\nMore\n"
    made = tutorial().rewritten(page, lambda command: f"said {command}\n\n")
    assert made == "Text\n```console\n$ one\nsaid one\n$ two\nsaid two\n```\nMore\n"
    assert tutorial().commands_of(page) == ["one", "two"]


def test_the_tutorial_shows_what_its_commands_say():
    page = (REPO / "docs/tutorial.md").read_text()
    for part in ("## Verdict", "cases predicted by exp-", "points: ", "problems to mend before", "predict.py"):
        assert part in page


def test_every_test_that_a_page_names_is_there():
    """`pytest PATH -k WORDS` in any page: the path exists, and each of the words is in the name of a test there."""
    named = 0
    for page in PAGES:
        for path, words in re.findall(
            r"`[^`\n]*pytest [^`\n]*?(tests/[\w./]+)(?: -k (\"[^\"]+\"|\w+))?`", page.read_text()
        ):
            files = [REPO / path] if path.endswith(".py") else sorted((REPO / path).rglob("test_*.py"))
            text = "\n".join(file.read_text() for file in files)
            names = re.findall(r"def (test_\w+)", text)
            for word in words.strip('"').split(" or ") if words else []:
                assert any(word in name for name in names), f"{page.name}: no test in {path} has {word!r} in its name"
            named += 1
    assert named > 40


@pytest.mark.soak
def test_the_tutorial_is_what_its_commands_say_now(monkeypatch):
    monkeypatch.setattr("sys.argv", ["tutorial.py", "--check"])
    assert tutorial().main() == 0
