from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.agents.propose import propose
    from nightshift.config import Config

    propose(snakemake.wildcards.exp, Config.model_validate(snakemake.params.config))
