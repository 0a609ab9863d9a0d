"""nightshift as a module of another workflow, and what the workflow catalog looks for."""

import shutil

import pytest
import yaml
from projects import CONFIG, REPO, Project

OUTER = """
configfile: "config/config.yaml"


module nightshift:
    snakefile:
        "{repo}/workflow/Snakefile"
    config:
        config["nightshift"]{more}


use rule * from nightshift as {prefix}*


rule share:
    default_target: True
    input:
        "results/verdict.json",
    output:
        "share.txt",
    shell:
        "grep n_holdout {{input}} > {{output}}"
"""


def outer(root, prefix="nightshift_", more="", **search):
    """A project of somebody else's that uses the workflow where it lies."""
    night = {**CONFIG, "search": {"experiments": 1, **search}, "validation": {"folds": 2}, "demo": {"n": 120}}
    config = {"nightshift": night, "own": 1}
    project = Project(root)
    project.write("workflow/Snakefile", OUTER.format(repo=REPO, prefix=prefix, more=more))
    project.write("config/config.yaml", yaml.safe_dump(config))
    return project


def test_another_workflow_runs_a_night_and_goes_on_from_it(tmp_path):
    project = outer(tmp_path / "outer")
    profile = ("--workflow-profile", str(REPO / "profiles/default"))
    project.snakemake("--cores", "2", *profile)
    assert "n_holdout" in project.path("share.txt").read_text()
    assert project.ledger()["status"].tolist() == ["keep"]
    # With that profile and without, nothing is left to do, and a larger night is the same night.
    assert "Nothing to be done" in project.snakemake("-n", *profile)
    assert "Nothing to be done" in project.snakemake("-n")
    outer(project.root, experiments=2)
    assert "nightshift_propose" in project.snakemake("-n", "results/ledger.tsv", *profile)


def test_without_a_prefix_of_names_too(tmp_path):
    said = outer(tmp_path / "outer", prefix="").snakemake("-n")
    assert "propose" in said and "make_demo" in said


def test_a_prefix_of_paths_is_refused(tmp_path):
    project = outer(tmp_path / "outer", more="\n    prefix:\n        'sub'")
    said = project.snakemake("-n", check=False)
    assert "prefix: in a module statement is not supported" in said


def test_the_catalog_finds_what_it_wants(tmp_path):
    catalog = yaml.safe_load((REPO / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert catalog["report"] is True and set(catalog["software-stack-deployment"]) == {"conda", "singularity"}
    assert (REPO / "config/README.md").exists() and (REPO / "config/config.yaml").exists()
    # What snakedeploy copies beside the Snakefile that it writes: config/, in a folder without the repository.
    project = outer(tmp_path / "deployed", prefix="")
    shutil.copytree(REPO / "config", project.path("config"), dirs_exist_ok=True)
    text = project.path("workflow/Snakefile").read_text().replace('config["nightshift"]', "config")
    project.write("workflow/Snakefile", text)
    assert "make_demo" in project.snakemake("-n")


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_both_snakefiles_are_one_workflow(tmp_path, snakefile):
    project = Project(tmp_path)
    project.write("config/config.yaml", yaml.safe_dump(CONFIG))
    assert "make_demo" in project.snakemake("-n", "-s", str(REPO / snakefile))
