from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.chain import stack
    from nightshift.limits import Limits

    stack(
        snakemake.input.experiment,
        snakemake.input.plan,
        snakemake.output.oof,
        snakemake.output.stack,
        snakemake.params.seed,
        Limits(**snakemake.params.limits),
    )
