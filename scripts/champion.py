from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from pathlib import Path

    from nightshift.config import Data
    from nightshift.morning import crown

    crown(Path(snakemake.output.model).parent, Data.model_validate(snakemake.params.data))
