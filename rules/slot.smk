# The slot: one experiment by hand, config/experiment.yaml -> results/experiment/, driven by `dvc exp run` (dvc.yaml).
# It shares views and bases with the night and touches nothing of it. Its stages are `snakemake -f TARGET`, and inputs
# are ancient, so that DVC alone decides what is stale.

SLOT = "results/experiment"


def slot_plan():
    return read_json(checkpoints.plan_slot.get().output[0])


def slot_views(wildcards):
    return [ancient(path) for path in slot_plan()["views"].values()]


def slot_bases(wildcards):
    return [ancient(path) for path in slot_plan()["bases"].values()]


checkpoint plan_slot:
    input:
        experiment="config/experiment.yaml",
        split=ancient("results/data/split.json"),
    output:
        SLOT + "/plan.json",
    log:
        "results/logs/slot/plan.log",
    params:
        seed=SEARCH["seed"],
    script:
        "../scripts/plan_slot.py"


rule fill_slot_views:
    input:
        plan=ancient(SLOT + "/plan.json"),
        views=slot_views,
    output:
        directory(SLOT + "/views"),
    log:
        "results/logs/slot/views.log",
    params:
        kind="views",
    script:
        "../scripts/fill_slot.py"


rule fill_slot_bases:
    input:
        plan=ancient(SLOT + "/plan.json"),
        bases=slot_bases,
    output:
        directory(SLOT + "/bases"),
    log:
        "results/logs/slot/bases.log",
    params:
        kind="bases",
    script:
        "../scripts/fill_slot.py"


use rule stack as stack_slot with:
    input:
        bases=slot_bases,
        experiment=ancient("config/experiment.yaml"),
        plan=ancient(SLOT + "/plan.json"),
    output:
        oof=SLOT + "/oof.parquet",
        stack=SLOT + "/stack.json",
    log:
        "results/logs/slot/stack.log",
    benchmark:
        "results/logs/slot/stack.tsv"


use rule score as score_slot with:
    input:
        previous=[],
        oof=ancient(SLOT + "/oof.parquet"),
        stack=ancient(SLOT + "/stack.json"),
        experiment=ancient("config/experiment.yaml"),
    output:
        metrics=SLOT + "/metrics.json",
        details=SLOT + "/details.json",
        roc=SLOT + "/plots/roc.csv",
        gain=SLOT + "/plots/gain.csv",
        calibration=SLOT + "/plots/calibration.csv",
    log:
        "results/logs/slot/score.log",
    benchmark:
        "results/logs/slot/score.tsv"
