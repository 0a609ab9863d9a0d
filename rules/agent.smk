# The checkpoint that writes the next experiment.


checkpoint propose:
    input:
        seen_by,
    output:
        experiment="results/experiments/{exp}/experiment.yaml",
        plan="results/experiments/{exp}/plan.json",
    log:
        "results/experiments/{exp}/logs/propose.log",
    benchmark:
        "results/experiments/{exp}/logs/propose.tsv"
    params:
        config=NIGHT.model_dump(mode="json"),
    script:
        "../scripts/propose.py"
