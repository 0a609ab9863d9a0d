# The checkpoint that writes the next experiment.


checkpoint propose:
    input:
        seen_by,
    output:
        experiment="results/experiments/{exp}/experiment.yaml",
        plan="results/experiments/{exp}/plan.json",
        # All memos of research so far, an input of the next proposal; as pages in results/research.
        memos="results/experiments/{exp}/memos.json",
    log:
        "results/experiments/{exp}/logs/propose.log",
    benchmark:
        "results/experiments/{exp}/logs/propose.tsv"
    params:
        config=NIGHT.model_dump(mode="json"),
    script:
        "../scripts/propose.py"
