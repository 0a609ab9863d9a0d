# The rungs between the baseline and the champion, once a night: the table alone, and the same views stacked.


checkpoint plan_ladder:
    input:
        experiment="results/experiments/exp-0000/experiment.yaml",
        split="results/data/split.json",
    output:
        directory("results/ladder/plans"),
    log:
        "results/logs/ladder/plan.log",
    params:
        seed=SEARCH["seed"],
    script:
        "../scripts/plan_ladder.py"


rule build_ladder:
    input:
        bases=ladder_bases,
        plans="results/ladder/plans",
        folds="results/data/development/folds.parquet",
    output:
        directory("results/ladder/rungs"),
    log:
        "results/logs/ladder/ladder.log",
    retries: 1
    resources:
        mem_mb=JOB_MEMORY,
        runtime=JOB_MINUTES,
    params:
        limits=limits_of_job,
        search=SEARCH,
    script:
        "../scripts/build_ladder.py"
