from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.agents.queue import check_queue
    from nightshift.agents.space import unknown_kinds
    from nightshift.config import Config
    from nightshift.data.stages import ingest

    config = Config.model_validate(snakemake.params.config)
    ingest(config, lambda kinds: [*unknown_kinds(config.agent), *check_queue(kinds)], snakemake.output)
