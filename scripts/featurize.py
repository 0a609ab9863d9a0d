from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from nightshift.chain import featurize, gather_view
    from nightshift.config import Agent
    from nightshift.limits import Limits

    output, limits = snakemake.output, Limits(**snakemake.params.limits)
    if shards := snakemake.input.get("shards"):
        gather_view(shards, output.view, output.outcome, limits)
    else:
        agent, shard = Agent.model_validate(snakemake.params.agent), snakemake.wildcards.get("shard")
        featurize(snakemake.wildcards.digest, output.view, output.outcome, limits, shard, agent)
