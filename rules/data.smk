# From the user's files to development cases, folds and holdout.


rule make_demo:
    output:
        cases="data/demo/cases.csv",
        transcripts="data/demo/transcripts.jsonl",
        readme="data/demo/README.md",
    log:
        "results/logs/make_demo.log",
    params:
        n=NIGHT.demo.n,
        seed=NIGHT.demo.seed,
    script:
        "../scripts/make_demo.py"


# Only where data.audio names recordings; then its output is data.transcripts.
rule transcribe:
    input:
        recordings,
    output:
        TRANSCRIBED,
    log:
        "results/logs/transcribe.log",
    benchmark:
        "results/benchmarks/transcribe.tsv"
    resources:
        mem_mb=2000,
        runtime=720,
    params:
        audio=NIGHT.data.audio,
        agent=AGENT,
    script:
        "../scripts/transcribe.py"


rule ingest:
    input:
        data_files,
    output:
        cases=temp("results/data/ingested/cases.parquet"),
        turns=temp("results/data/ingested/turns.parquet"),
        labels=temp("results/data/ingested/labels.parquet"),
        about="results/data/ingested.json",
    log:
        "results/logs/ingest.log",
    benchmark:
        "results/benchmarks/ingest.tsv"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        config=NIGHT.model_dump(mode="json"),
    script:
        "../scripts/ingest.py"


rule split:
    input:
        cases="results/data/ingested/cases.parquet",
        turns="results/data/ingested/turns.parquet",
        labels="results/data/ingested/labels.parquet",
        about="results/data/ingested.json",
    output:
        cases="results/data/development/cases.parquet",
        turns="results/data/development/turns.parquet",
        folds="results/data/development/folds.parquet",
        holdout_cases="results/data/holdout/cases.parquet",
        holdout_turns="results/data/holdout/turns.parquet",
        holdout_labels="results/data/holdout/labels.parquet",
        card="results/data/card.json",
        identity="results/data/identity.json",
        split="results/data/split.json",
    log:
        "results/logs/split.log",
    benchmark:
        "results/benchmarks/split.tsv"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        config=NIGHT.model_dump(mode="json"),
    script:
        "../scripts/split.py"
