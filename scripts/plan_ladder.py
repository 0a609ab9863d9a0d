from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.rungs import plan_ladder

    plan_ladder(snakemake.input.experiment, snakemake.input.split, snakemake.output[0], snakemake.params.seed)
