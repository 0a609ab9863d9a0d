from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from pathlib import Path

    from nightshift.chain import score
    from nightshift.config import Search
    from nightshift.limits import Limits
    from nightshift.slot import score_slot

    search = Search.model_validate(snakemake.params.search)
    if snakemake.output.get("details"):
        score_slot(snakemake.input.experiment, snakemake.output.metrics, snakemake.output.details, search)
    else:
        previous = snakemake.input.previous
        score(
            Path(snakemake.output.metrics).parent,
            previous[0] if previous else None,
            search,
            Limits(**snakemake.params.limits),
        )
