"""What the pages show is true: examples parse, links lead somewhere."""

import re
from pathlib import Path

import pytest
import yaml

from nightshift.experiment import Experiment, parse_experiment
from nightshift.learners import LEARNERS
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
