from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from pathlib import Path

    from nightshift.config import Config
    from nightshift.report import write_report

    config = Config.model_validate(snakemake.params.config)
    write_report(snakemake.output.page, config, plots=Path(snakemake.output.curve).parent)
