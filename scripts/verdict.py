from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.config import Config
    from nightshift.morning import open_holdout

    config = Config.model_validate(snakemake.params.config)
    open_holdout(snakemake.input, snakemake.output.verdict, snakemake.output.curves, config, snakemake.threads)
