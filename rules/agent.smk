# The checkpoint that writes the next experiment.


def seen_by(wildcards):
    """O(1) inputs: the proposal before, and the score that leaves the window; the rest follows by induction."""
    seen = ["results/data/split.json"]
    if last := before(wildcards.exp):
        seen.append(f"{last}/plan.json")
    if scored := before(wildcards.exp, WINDOW):
        seen.append(f"{scored}/metrics.json")
    return [ancient(path) for path in seen]


checkpoint propose:
    input:
        seen_by,
    output:
        experiment=EXPERIMENTS + "/{exp}/experiment.yaml",
        plan=EXPERIMENTS + "/{exp}/plan.json",
    log:
        EXPERIMENTS + "/{exp}/logs/propose.log",
    benchmark:
        EXPERIMENTS + "/{exp}/logs/propose.tsv"
    params:
        config=NIGHT.model_dump(mode="json"),
    script:
        "../scripts/propose.py"
