from typing import TYPE_CHECKING

from nightshift.job import logging_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logging_to(snakemake.log):
    from pathlib import Path

    from nightshift.config import Predict
    from nightshift.delivery import deliver
    from nightshift.files import write_text

    new = Predict.model_validate(snakemake.params.predict)
    options = new.model_dump(include={"as_of", "allow_missing", "reasons"}) | {"cores": snakemake.threads}
    model = Path(snakemake.input.model).parent
    said = deliver(model, new.cases, new.transcripts, snakemake.output.table, **options)
    write_text(snakemake.output.summary, said)
