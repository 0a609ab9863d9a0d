from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.chain import featurize
    from nightshift.limits import Limits

    limits = Limits(**snakemake.params.limits)
    featurize(snakemake.wildcards.digest, snakemake.output.view, snakemake.output.outcome, limits)
