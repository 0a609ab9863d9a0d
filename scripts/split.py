from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.config import Config
    from nightshift.data.stages import split

    split(Config.model_validate(snakemake.params.config), snakemake.input, snakemake.output)
