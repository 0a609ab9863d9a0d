# The rule chain of an experiment: jobs that exist because its config names them.


def views_of_base(wildcards):
    spec = read_json(f"results/specs/bases/{wildcards.digest}.json")
    return [ancient(f"results/views/{view}.arrow") for view in spec["views"]]


def bases_of_experiment(wildcards):
    plan = checkpoints.propose.get(exp=wildcards.exp).output.plan
    return [ancient(path) for path in read_json(plan)["bases"].values()]


def score_before(wildcards):
    """Status is decided in ledger order, against the champion of all experiments before."""
    last = before(wildcards.exp)
    return [ancient(f"{last}/metrics.json")] if last else []


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
        experiment=ancient(EXPERIMENTS + "/{exp}/experiment.yaml"),
        plan=ancient(EXPERIMENTS + "/{exp}/plan.json"),
    output:
        oof=EXPERIMENTS + "/{exp}/oof.parquet",
        stack=EXPERIMENTS + "/{exp}/stack.json",
    log:
        EXPERIMENTS + "/{exp}/logs/stack.log",
    benchmark:
        EXPERIMENTS + "/{exp}/logs/stack.tsv"
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
        oof=ancient(EXPERIMENTS + "/{exp}/oof.parquet"),
        stack=ancient(EXPERIMENTS + "/{exp}/stack.json"),
        experiment=ancient(EXPERIMENTS + "/{exp}/experiment.yaml"),
    output:
        metrics=EXPERIMENTS + "/{exp}/metrics.json",
        roc=EXPERIMENTS + "/{exp}/plots/roc.csv",
        gain=EXPERIMENTS + "/{exp}/plots/gain.csv",
        calibration=EXPERIMENTS + "/{exp}/plots/calibration.csv",
    log:
        EXPERIMENTS + "/{exp}/logs/score.log",
    benchmark:
        EXPERIMENTS + "/{exp}/logs/score.tsv"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        search=SEARCH,
    script:
        "../scripts/score.py"
