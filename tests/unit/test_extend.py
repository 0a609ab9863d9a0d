"""A view from outside the package, by the page that explains it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
PAGE = (REPO / "docs" / "extend.md").read_text()


@pytest.fixture
def installed(tmp_path):
    """The page's package, installed as pip would: a module and the metadata of a distribution on the path."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
    (toml,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.S)
    (tmp_path / "pricetalk.py").write_text(code)
    info = tmp_path / "pricetalk-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pricetalk\nVersion: 1.0\n")
    section, line = toml.splitlines()
    group = re.search(r'"(.+)"', section).group(1)
    (info / "entry_points.txt").write_text(f"[{group}]\n{line.replace(chr(34), '')}\n")
    return tmp_path


def python(folder, code):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(Path(__file__).parent)])}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)


def test_a_view_of_another_package_is_a_kind_like_any_other(installed):
    done = python(
        installed,
        """
import json
from samples import make_raw
from nightshift.agents.space import Space
from nightshift.card import Card
from nightshift.experiment import Experiment, parse_experiment
from nightshift.plan import view_digest
from nightshift.views import VIEWS

experiment = parse_experiment({"views": {"p": {"kind": "price_talk"}},
                               "bases": {"b": {"views": ["p"], "learner": {"kind": "logistic"}}}}, "x")
raw = make_raw(40)
block = experiment.views["p"].featurize(raw)
print(json.dumps({
    "rows": len(block), "columns": list(block.frame), "digest": len(view_digest(experiment.views["p"], "d")),
    "drawn": "price_talk" in Space(Card(("a", "b"), {}, 9, 9, 9)).kinds(),
    "in_schema": "price_talk" in json.dumps(Experiment.model_json_schema()),
}))
""",
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == {
        "rows": 40,
        "columns": ["prices", "prices at the end"],
        "digest": 20,
        "drawn": True,
        "in_schema": True,
    }


def test_a_kind_that_exists_is_refused_by_name(installed):
    module = installed / "pricetalk.py"
    module.write_text(module.read_text().replace("price_talk", "words"))
    done = python(installed, "import nightshift.experiment")
    assert done.returncode != 0
    assert "the kind 'words' exists already" in done.stderr and "pricetalk:PriceTalk" in done.stderr


def test_the_code_of_the_page_is_twenty_lines_or_so():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
    assert len([line for line in code.splitlines() if line.strip()]) <= 20


@pytest.mark.parametrize("first", ["views", "learners", "experiment"])
def test_views_and_learners_may_share_a_module(tmp_path, first):
    (tmp_path / "both.py").write_text(
        "from typing import Literal\n"
        "from nightshift.learners import Learner\n"
        "from nightshift.views import View\n"
        "class A(View):\n    kind: Literal['a'] = 'a'\n    def featurize(self, data): ...\n"
        "    @classmethod\n    def suggest(cls, trial, prefix, card): ...\n"
        "class B(Learner):\n    kind: Literal['b'] = 'b'\n    def build(self, seed): ...\n    def in_words(self): return 'b'\n"
        "    @classmethod\n    def suggest(cls, trial, prefix): ...\n"
    )
    info = tmp_path / "both-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: both\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nightshift.views]\na = both:A\n\n[nightshift.learners]\nb = both:B\n")
    done = python(
        tmp_path,
        f"import nightshift.{first}\nfrom nightshift.learners import LEARNERS\nfrom nightshift.views import VIEWS\n"
        "assert 'a' in VIEWS and 'b' in LEARNERS and 'b' not in VIEWS",
    )
    assert done.returncode == 0, done.stderr
