from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.slot import fill_slot

    fill_slot(snakemake.input.plan, snakemake.params.kind, snakemake.output[0])
