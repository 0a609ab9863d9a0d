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


# On a cluster these run where snakemake runs: each is a second or two of work, less than it costs to submit it. What is
# submitted is featurize and train_base, and once a night ingest, split, verdict and diagnose (docs/cluster.md). Groups
# would save more submissions, but break with checkpoints in Snakemake 9.27 (the scheduler dies of a KeyError).
localrules:
    all,
    make_demo,
    propose,
    stack,
    score,
    record,
    ledger,
    record_night,
    model_card,
    ending,
    report,
    plan_noise,
    measure_noise,
    plan_ladder,
    build_ladder,
    plan_slot,
    fill_slot_views,
    fill_slot_bases,
    stack_slot,
    score_slot,
    transcribe,


rule all:
    default_target: True
    input:
        # Named here too: a ledger that is there must not hide that more experiments are wanted.
        records=records_so_far,
        proposals=next_proposal,
        ending="results/ending.md",
        page="results/report.html",
        night="results/record.json",


onsuccess:
    print_ending()


onerror:
    print_problem()
