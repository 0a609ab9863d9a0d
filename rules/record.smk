# What is kept: a DVC experiment for each experiment, the ledger, and the night as a whole.


rule record:
    input:
        # One saver at a time, in ledger order.
        previous=record_before,
        metrics="results/experiments/{exp}/metrics.json",
    output:
        "results/experiments/{exp}/record.json",
    log:
        "results/experiments/{exp}/logs/record.log",
    benchmark:
        "results/experiments/{exp}/logs/record.tsv"
    retries: 1
    resources:
        dvc=1,
        mem_mb=1000,
        runtime=30,
    params:
        record=NIGHT.dvc.record,
    script:
        "../scripts/record.py"


rule ledger:
    input:
        metrics=scores_so_far,
        proposals=next_proposal,
    output:
        report(
            "results/ledger.tsv",
            caption="../workflow/report/ledger.rst",
            category="Experiments",
            labels={"plot": "ledger"},
        ),
    log:
        "results/logs/ledger.log",
    script:
        "../scripts/ledger.py"


rule record_night:
    input:
        ledger="results/ledger.tsv",
        verdict="results/verdict.json",
        champion="results/champion/README.md",
        ending="results/ending.md",
        report="results/report.html",
    output:
        "results/record.json",
    log:
        "results/logs/record_night.log",
    resources:
        dvc=1,
        mem_mb=1000,
        runtime=30,
    params:
        record=NIGHT.dvc.record,
    script:
        "../scripts/record_night.py"
