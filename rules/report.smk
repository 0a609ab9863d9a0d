# What is left in the morning: the champion, the verdict and the ending.


rule champion:
    input:
        ledger="results/ledger.tsv",
    output:
        directory("results/champion"),
    log:
        "results/logs/champion.log",
    benchmark:
        "results/benchmarks/champion.tsv"
    params:
        data=NIGHT.data.model_dump(mode="json"),
    script:
        "../scripts/champion.py"


rule verdict:
    input:
        champion="results/champion",
        ladder="results/ladder/rungs",
        ledger="results/ledger.tsv",
        cases="results/data/holdout/cases.parquet",
        turns="results/data/holdout/turns.parquet",
        labels="results/data/holdout/labels.parquet",
        identity="results/data/identity.json",
    output:
        "results/verdict.json",
    log:
        "results/logs/verdict.log",
    benchmark:
        "results/benchmarks/verdict.tsv"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        data=NIGHT.data.model_dump(mode="json"),
    script:
        "../scripts/verdict.py"


rule ending:
    input:
        ledger="results/ledger.tsv",
        verdict="results/verdict.json",
        noise="results/noise/noise.json",
    output:
        "results/ending.md",
    log:
        "results/logs/ending.log",
    params:
        config=NIGHT.model_dump(mode="json"),
    script:
        "../scripts/ending.py"
