# The rule chain of an experiment: jobs that exist because its config names them.
#
# No ancient() here, although history must not be made again: what is finished is out of the wildcard already, and with
# Snakemake 9.27 a checkpoint that ends while a job has written its files but not yet returned drops everything that
# depends on this job by ancient() alone, so that the night ends early without an error.


# Of few cases at once; of many in shards, which this gathers.
rule featurize:
    input:
        unpack(inputs_of_view),
    output:
        view="results/views/{digest}.arrow",
        outcome="results/views/{digest}.json",
    log:
        "results/logs/views/{digest}.log",
    benchmark:
        "results/benchmarks/views/{digest}.tsv"
    # Not for what fails inside (nightshift.contain sees to that) but for a job that is itself killed, or its node lost.
    retries: 1
    resources:
        mem_mb=JOB_MEMORY,
        runtime=minutes_of_view,
    params:
        limits=limits_of_job,
        agent=AGENT,
    script:
        "../scripts/featurize.py"


rule featurize_shard:
    input:
        **DEVELOPMENT,
    output:
        view=temp("results/views/{digest}-{shard}.arrow"),
        outcome=temp("results/views/{digest}-{shard}.json"),
    log:
        "results/logs/views/{digest}-{shard}.log",
    benchmark:
        "results/benchmarks/views/{digest}-{shard}.tsv"
    retries: 1
    resources:
        mem_mb=JOB_MEMORY,
        runtime=minutes_of_view,
    params:
        limits=limits_of_job,
        agent=AGENT,
    script:
        "../scripts/featurize.py"


rule train_base:
    input:
        inputs_of_base,
        folds="results/data/development/folds.parquet",
    output:
        directory("results/bases/{digest}"),
    log:
        "results/logs/bases/{digest}.log",
    benchmark:
        "results/benchmarks/bases/{digest}.tsv"
    retries: 1
    threads: cores_of_base
    resources:
        mem_mb=JOB_MEMORY,
        runtime=JOB_MINUTES,
        gpu=gpus_of_base,
    params:
        limits=limits_of_job,
    script:
        "../scripts/train_base.py"


rule stack:
    input:
        bases=bases_of_experiment,
        experiment="results/experiments/{exp}/experiment.yaml",
        plan="results/experiments/{exp}/plan.json",
    output:
        oof="results/experiments/{exp}/oof.parquet",
        stack="results/experiments/{exp}/stack.json",
    log:
        "results/experiments/{exp}/logs/stack.log",
    benchmark:
        "results/experiments/{exp}/logs/stack.tsv"
    retries: 1
    resources:
        mem_mb=JOB_MEMORY,
        runtime=JOB_MINUTES,
    params:
        limits=limits_of_job,
        seed=SEARCH["seed"],
    script:
        "../scripts/stack.py"


rule score:
    input:
        previous=score_before,
        oof="results/experiments/{exp}/oof.parquet",
        stack="results/experiments/{exp}/stack.json",
        experiment="results/experiments/{exp}/experiment.yaml",
    output:
        metrics="results/experiments/{exp}/metrics.json",
        roc="results/experiments/{exp}/plots/roc.csv",
        gain="results/experiments/{exp}/plots/gain.csv",
        calibration="results/experiments/{exp}/plots/calibration.csv",
    log:
        "results/experiments/{exp}/logs/score.log",
    benchmark:
        "results/experiments/{exp}/logs/score.tsv"
    retries: 1
    resources:
        mem_mb=JOB_MEMORY,
        runtime=JOB_MINUTES,
    params:
        limits=limits_of_job,
        search=SEARCH,
    script:
        "../scripts/score.py"
