from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.config import Search
    from nightshift.ladder import build_ladder
    from nightshift.limits import Limits

    build_ladder(
        snakemake.input.plans,
        snakemake.output[0],
        Search.model_validate(snakemake.params.search),
        Limits(**snakemake.params.limits),
    )
