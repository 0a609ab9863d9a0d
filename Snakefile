# The door: configuration, checks, the rules of a night, and what `snakemake` makes by default.
from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


# With --software-deployment-method apptainer: an image that has requirements/run.lock installed. Without, the
# environment that runs snakemake runs its jobs too.
container: "docker://python:3.11-slim"


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/agent.smk"
include: "rules/experiment.smk"
include: "rules/slot.smk"
include: "rules/noise.smk"
include: "rules/ladder.smk"
include: "rules/record.smk"
include: "rules/report.smk"
include: "rules/predict.smk"


localrules:
    all,


rule all:
    default_target: True
    input:
        # Named here too: a ledger that is there must not hide that more experiments are wanted.
        records=proposed_so_far,
        proposals=next_proposal,
        ending="results/ending.md",
        page="results/report.html",
        night="results/record.json",


onsuccess:
    print_ending()


onerror:
    print_problem()
