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

    def check_more(kinds):
        agent = config.agent
        return [
            *unknown_kinds(agent),
            *problems_of(agent, audio=config.data.audio is not None),
            *check_queue(kinds, agent=agent),
        ]

    ingest(config, check_more, snakemake.output)
