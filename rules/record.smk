# What is kept: a DVC experiment for each experiment, the ledger, and the night as a whole.


def proposed_so_far(wildcards):
    """Records of the experiments that have a config, in ascending order: a deep chain asked for from its end would
    exhaust Python's stack. Grows each time a checkpoint is done."""
    return [
        f"{EXPERIMENTS}/{exp}/record.json"
        for exp in PLANNED
        if exp in FINISHED or is_going(exp)
    ]


def is_going(exp):
    plan = Path(EXPERIMENTS, exp, "plan.json")
    return plan.exists() and "stopped" not in read_json(plan)


def next_proposal(wildcards):
    """Asks for the next proposal, until all are made or one says that the night is to end."""
    for exp in PENDING:
        plan = checkpoints.propose.get(exp=exp).output.plan
        if "stopped" in read_json(plan):
            break
    return []


def record_before(wildcards):
    last = before(wildcards.exp)
    return [ancient(f"{last}/record.json")] if last else []


rule record:
    input:
        # One saver at a time, in ledger order.
        previous=record_before,
        metrics=ancient(EXPERIMENTS + "/{exp}/metrics.json"),
    output:
        EXPERIMENTS + "/{exp}/record.json",
    log:
        EXPERIMENTS + "/{exp}/logs/record.log",
    benchmark:
        EXPERIMENTS + "/{exp}/logs/record.tsv"
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
        records=proposed_so_far,
        proposals=next_proposal,
    output:
        "results/ledger.tsv",
    log:
        "results/logs/ledger.log",
    script:
        "../scripts/ledger.py"


rule record_night:
    input:
        ledger="results/ledger.tsv",
        verdict="results/verdict.json",
        champion="results/champion",
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
