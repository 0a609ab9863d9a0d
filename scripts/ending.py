from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.ending import write_ending

    from nightshift.config import Config

    write_ending(snakemake.output[0], Config.model_validate(snakemake.params.config))
