"""Names of experiments and where they lie. Light: the Snakefile reads it at every parse."""

EXPERIMENTS = "results/experiments"
HISTORY = "results/history"
DEVELOPMENT = "results/data/development"
# The message of a job that cannot go on for a reason that people can mend; shown at the end of the run.
PROBLEM = ".nightshift/problem.txt"
# Folders of SQL queries, where the system keeps temporary files.
SQL_FOLDER = "nightshift-sql"


def name_of(number: int) -> str:
    """exp-0007 for 7."""
    return f"exp-{number:04d}"


def number_of(experiment: str) -> int:
    """7 for exp-0007."""
    return int(experiment.removeprefix("exp-"))
