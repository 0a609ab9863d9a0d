# What the other rule files share: the typed config, names, and the checks that come before any job.
# Light on purpose: parsed by every `snakemake`, and again on every cluster node.
import os
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

from nightshift.agents.deadline import note_start
from nightshift.agents.history import EXPERIMENTS, name_of, number_of
from nightshift.config import parse_config
from nightshift.errors import NightshiftError
from nightshift.files import read_json
from nightshift.guard import clear_stopped, hold_results, show_file
from nightshift.identity import check_identity

try:
    NIGHT = parse_config(config)
    if workflow.is_main_process:
        check_identity(NIGHT)
        if not workflow.output_settings.dryrun:
            hold_results()
            clear_stopped()
            note_start()
except NightshiftError as error:
    raise WorkflowError(str(error)) from None

WINDOW = NIGHT.search.parallel
PLANNED = [name_of(number) for number in range(NIGHT.search.experiments)]
# A finished experiment is history. Left out of the wildcard it is a file that no rule makes, so nothing (a touched
# script, other keys, -F) can make it again. One exists() an experiment.
FINISHED = {
    exp for exp in PLANNED if os.path.exists(f"{EXPERIMENTS}/{exp}/record.json")
}
PENDING = [exp for exp in PLANNED if exp not in FINISHED]

SEARCH = NIGHT.search.model_dump(mode="json")
TIMEOUT_MINUTES = max(1, round(NIGHT.search.job_timeout / 60))


wildcard_constraints:
    exp="|".join(PENDING) or "none",
    digest="[0-9a-f]{20}",


def before(exp, steps=1):
    """Folder of the experiment `steps` before, or None."""
    number = number_of(exp) - steps
    return f"{EXPERIMENTS}/{name_of(number)}" if number >= 0 else None


def print_ending():
    show_file("results/ending.md")


def print_problem():
    show_file(".nightshift/problem.txt")
