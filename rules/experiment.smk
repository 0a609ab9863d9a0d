# The rule chain of an experiment: jobs that exist because its config names them.


rule featurize:
    input:
        cases=ancient("results/data/development/cases.parquet"),
        turns=ancient("results/data/development/turns.parquet"),
        card=ancient("results/data/card.json"),
    output:
        view="results/views/{digest}.arrow",
        outcome="results/views/{digest}.json",
    log:
        "results/logs/views/{digest}.log",
    benchmark:
        "results/benchmarks/views/{digest}.tsv"
    resources:
        mem_mb=4000,
        runtime=TIMEOUT_MINUTES,
    script:
        "../scripts/featurize.py"


rule train_base:
    input:
        folds=ancient("results/data/development/folds.parquet"),
        views=views_of_base,
    output:
        directory("results/bases/{digest}"),
    log:
        "results/logs/bases/{digest}.log",
    benchmark:
        "results/benchmarks/bases/{digest}.tsv"
    resources:
        mem_mb=4000,
        runtime=TIMEOUT_MINUTES,
    script:
        "../scripts/train_base.py"


rule stack:
    input:
        bases=bases_of_experiment,
        experiment=ancient("results/experiments/{exp}/experiment.yaml"),
        plan=ancient("results/experiments/{exp}/plan.json"),
    output:
        oof="results/experiments/{exp}/oof.parquet",
        stack="results/experiments/{exp}/stack.json",
    log:
        "results/experiments/{exp}/logs/stack.log",
    benchmark:
        "results/experiments/{exp}/logs/stack.tsv"
    resources:
        mem_mb=2000,
        runtime=TIMEOUT_MINUTES,
    params:
        seed=SEARCH["seed"],
    script:
        "../scripts/stack.py"


rule score:
    input:
        previous=score_before,
        oof=ancient("results/experiments/{exp}/oof.parquet"),
        stack=ancient("results/experiments/{exp}/stack.json"),
        experiment=ancient("results/experiments/{exp}/experiment.yaml"),
    output:
        metrics="results/experiments/{exp}/metrics.json",
        roc="results/experiments/{exp}/plots/roc.csv",
        gain="results/experiments/{exp}/plots/gain.csv",
        calibration="results/experiments/{exp}/plots/calibration.csv",
    log:
        "results/experiments/{exp}/logs/score.log",
    benchmark:
        "results/experiments/{exp}/logs/score.tsv"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        search=SEARCH,
    script:
        "../scripts/score.py"
