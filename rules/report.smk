# What is left in the morning: the champion, the verdict and the ending.


rule champion:
    input:
        ledger="results/ledger.tsv",
    output:
        model="results/champion/model.json",
        # Not the folder as a whole: README.md is another rule's, and comes after the verdict.
        parts=[
            directory("results/champion/bases"),
            *multiext(
                "results/champion/", "experiment.yaml", "metrics.json", "stack.json"
            ),
            *multiext("results/champion/reference", ".json", ".npz"),
        ],
    log:
        "results/logs/champion.log",
    benchmark:
        "results/benchmarks/champion.tsv"
    # It has all development cases pass through all fold models: what fitting the largest base takes, and the other views.
    resources:
        mem_mb=JOB_MEMORY,
        runtime=60,
    params:
        data=NIGHT.data.model_dump(mode="json"),
    script:
        "../scripts/champion.py"


rule verdict:
    input:
        champion="results/champion/model.json",
        ladder="results/ladder/rungs",
        ledger="results/ledger.tsv",
        cases="results/data/holdout/cases.parquet",
        turns="results/data/holdout/turns.parquet",
        labels="results/data/holdout/labels.parquet",
        identity="results/data/identity.json",
    output:
        verdict=report(
            "results/verdict.json",
            caption="../workflow/report/verdict.rst",
            category="Verdict",
            labels={"what": "the figures"},
        ),
        # All that the report shows of the holdout: no other rule has its labels.
        curves="results/verdict/curves.json",
    log:
        "results/logs/verdict.log",
    benchmark:
        "results/benchmarks/verdict.tsv"
    threads: PROCESSES
    resources:
        mem_mb=JOB_MEMORY,
        runtime=60,
    params:
        config=NIGHT.model_dump(mode="json"),
    script:
        "../scripts/verdict.py"


rule model_card:
    input:
        model="results/champion/model.json",
        ledger="results/ledger.tsv",
        verdict="results/verdict.json",
    output:
        report(
            "results/champion/README.md",
            caption="../workflow/report/model_card.rst",
            category="Verdict",
            labels={"what": "the model card"},
        ),
    log:
        "results/logs/model_card.log",
    params:
        config=NIGHT.model_dump(mode="json"),
    script:
        "../scripts/model_card.py"


rule ending:
    input:
        # It says which could not be recorded.
        records=records_so_far,
        proposals=next_proposal,
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


rule diagnose:
    input:
        champion="results/champion/model.json",
    output:
        "results/diagnosis.json",
    log:
        "results/logs/diagnose.log",
    benchmark:
        "results/benchmarks/diagnose.tsv"
    threads: PROCESSES
    resources:
        mem_mb=JOB_MEMORY,
        runtime=60,
    params:
        seed=SEARCH["seed"],
    script:
        "../scripts/diagnose.py"


rule report:
    input:
        # After all records: the page says what the whole night took.
        ending="results/ending.md",
        ledger="results/ledger.tsv",
        verdict="results/verdict.json",
        curves="results/verdict/curves.json",
        diagnosis="results/diagnosis.json",
        noise="results/noise/noise.json",
    output:
        page=report(
            "results/report.html",
            caption="../workflow/report/page.rst",
            category="Verdict",
            labels={"what": "the report, one page"},
        ),
        curve=report(
            "results/plots/curve.svg",
            caption="../workflow/report/curve.rst",
            category="Experiments",
            labels={"plot": "running best"},
        ),
        roc=report(
            "results/plots/roc.svg",
            caption="../workflow/report/roc.rst",
            category="Holdout",
            labels={"plot": "ROC"},
        ),
        gain=report(
            "results/plots/gain.svg",
            caption="../workflow/report/gain.rst",
            category="Holdout",
            labels={"plot": "gain"},
        ),
        calibration=report(
            "results/plots/calibration.svg",
            caption="../workflow/report/calibration.rst",
            category="Holdout",
            labels={"plot": "calibration"},
        ),
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.tsv"
    params:
        config=NIGHT.model_dump(mode="json"),
    script:
        "../scripts/report.py"
