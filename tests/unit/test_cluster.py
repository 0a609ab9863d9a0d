"""docs/cluster.md and the profiles say what the rules do."""

import re
from pathlib import Path

import pytest
import yaml

from nightshift.config import Search
from nightshift.limits import KEEPERS_MB, memory_to_grant, minutes_to_grant

REPO = Path(__file__).resolve().parents[2]
PAGE = (REPO / "docs/cluster.md").read_text()
# Of the default profile: what a cluster does not change. The executor is what a profile is for.
KEPT = (
    "rerun-triggers",
    "ignore-incomplete",
    "max-checksum-file-size",
    "keep-going",
    "quiet",
    "show-failed-logs",
    "scheduler",
)


def rules() -> set[str]:
    named = re.compile(r"^(?:rule|checkpoint) (\w+):|^use rule \w+ as (\w+) with:", re.M)
    sources = [REPO / "Snakefile", *(REPO / "rules").glob("*.smk")]
    return {one or other for path in sources for one, other in named.findall(path.read_text())}


def local_rules() -> set[str]:
    block = re.search(r"^localrules:\n((?:    \w+,\n)+)", (REPO / "Snakefile").read_text(), re.M)[1]
    return set(re.findall(r"\w+", block))


def test_every_rule_is_local_or_in_the_table_of_what_is_submitted():
    table = PAGE.split("## What is submitted")[1].split("Measured:")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    submitted = set(re.findall(r"`(\w+)`", "".join(rows)))
    assert local_rules() <= rules()
    assert submitted == rules() - local_rules()


def test_the_page_has_the_resources_that_jobs_ask_for():
    search = Search()
    assert f"({minutes_to_grant(search.job_timeout)} by default)" in PAGE
    assert (
        f"({memory_to_grant(search.job_memory_mb):,} MB by default)" in PAGE
        and f"{KEEPERS_MB} MB and 2.1 times" in PAGE
    )


@pytest.mark.parametrize("name", ["slurm", "kubernetes"])
def test_profiles_of_clusters_keep_what_matters_in_the_default_one(name):
    default, profile = (
        yaml.safe_load((REPO / "profiles" / one / "config.yaml").read_text()) for one in ("default", name)
    )
    assert {key: profile.get(key) for key in KEPT} == {key: default[key] for key in KEPT}
    assert "dvc=1" in profile["resources"]
