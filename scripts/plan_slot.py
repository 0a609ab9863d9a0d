from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.slot import plan_slot

    plan_slot(snakemake.input.experiment, snakemake.input.split, snakemake.output[0], snakemake.params.seed)
