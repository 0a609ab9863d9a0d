from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.config import Config
    from nightshift.modelcard import write_card

    write_card(snakemake.output[0], Config.model_validate(snakemake.params.config))
