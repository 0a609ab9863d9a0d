# The slot: one experiment by hand, config/experiment.yaml -> results/experiment/, driven by `dvc exp run` (dvc.yaml).
# It shares views and bases with the night and touches nothing of it. Its stages are `snakemake -f TARGET`, and inputs
# are ancient, so that DVC alone decides what is stale.


checkpoint plan_slot:
    input:
        experiment="config/experiment.yaml",
        split=ancient("results/data/split.json"),
    output:
        "results/experiment/plan.json",
    log:
        "results/logs/slot/plan.log",
    params:
        seed=SEARCH["seed"],
    script:
        "../scripts/plan_slot.py"


rule fill_slot_views:
    input:
        plan=ancient("results/experiment/plan.json"),
        views=slot_views,
    output:
        directory("results/experiment/views"),
    log:
        "results/logs/slot/views.log",
    params:
        kind="views",
    script:
        "../scripts/fill_slot.py"


rule fill_slot_bases:
    input:
        plan=ancient("results/experiment/plan.json"),
        bases=slot_bases,
    output:
        directory("results/experiment/bases"),
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
        plan=ancient("results/experiment/plan.json"),
    output:
        oof="results/experiment/oof.parquet",
        stack="results/experiment/stack.json",
    log:
        "results/logs/slot/stack.log",
    benchmark:
        "results/logs/slot/stack.tsv"


use rule score as score_slot with:
    input:
        previous=[],
        oof=ancient("results/experiment/oof.parquet"),
        stack=ancient("results/experiment/stack.json"),
        experiment=ancient("config/experiment.yaml"),
    output:
        metrics="results/experiment/metrics.json",
        details="results/experiment/details.json",
        roc="results/experiment/plots/roc.csv",
        gain="results/experiment/plots/gain.csv",
        calibration="results/experiment/plots/calibration.csv",
    log:
        "results/logs/slot/score.log",
    benchmark:
        "results/logs/slot/score.tsv"
