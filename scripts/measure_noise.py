from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.noise import measure_noise

    measure_noise(snakemake.input.plan, snakemake.input.baseline, snakemake.output[0])
