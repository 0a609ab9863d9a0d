# New cases: `snakemake predict --config predict='{cases: new.csv, transcripts: new/}'`.


rule predict:
    input:
        new_cases,
        records_of_a_night,
        model=model_to_predict_with,
    output:
        table=predictions(),
        summary=predictions(".md"),
    log:
        "results/logs/predict.log",
    benchmark:
        "results/benchmarks/predict.tsv"
    threads: 8
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        predict=NIGHT.predict and NIGHT.predict.model_dump(mode="json"),
    script:
        "../scripts/predict.py"
