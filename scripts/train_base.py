from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.chain import train
    from nightshift.limits import Limits

    limits = Limits(**snakemake.params.limits)
    train(snakemake.wildcards.digest, snakemake.output[0], limits, snakemake.threads)
