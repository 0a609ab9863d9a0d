# The noise floor: the baseline with other seeds, measured once a night. No experiment waits for it.


checkpoint plan_noise:
    input:
        experiment="results/experiments/exp-0000/experiment.yaml",
        split="results/data/split.json",
    output:
        "results/noise/plan.json",
    log:
        "results/logs/noise/plan.log",
    params:
        seed=SEARCH["seed"],
    script:
        "../scripts/plan_noise.py"


rule measure_noise:
    input:
        bases=noise_bases,
        plan="results/noise/plan.json",
        baseline="results/experiments/exp-0000/metrics.json",
    output:
        "results/noise/noise.json",
    log:
        "results/logs/noise/noise.log",
    script:
        "../scripts/measure_noise.py"
