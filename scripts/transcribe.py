from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.config import Agent
    from nightshift.data.audio import transcribe

    transcribe(snakemake.params.audio, snakemake.output[0], Agent.model_validate(snakemake.params.agent))
