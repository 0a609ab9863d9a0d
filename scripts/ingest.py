from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.agents.queue import check_queue
    from nightshift.agents.space import unknown_kinds
    from nightshift.config import Config
    from nightshift.data.stages import ingest
    from nightshift.llm.server import problems_of

    config = Config.model_validate(snakemake.params.config)
    problems = [*unknown_kinds(config.agent), *problems_of(config.agent), *check_queue(agent=config.agent)]
    ingest(config, problems, snakemake.output)
