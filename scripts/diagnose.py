from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.files import read_json
    from nightshift.report.diagnosis import write_diagnosis

    champion = read_json(snakemake.input.champion)["experiment"]["id"]
    write_diagnosis(champion, snakemake.output[0], snakemake.params.seed, snakemake.threads)
