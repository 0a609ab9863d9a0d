"""Runs SQL that a stranger wrote (an agent, a user) over our tables, in a process that can do nothing else."""

from nightshift.sandbox.parent import LONGEST, Limits, SqlRefused, SqlTooHeavy, condition, select, select_table
from nightshift.sandbox.tables import cases_table, turns_table

__all__ = [
    "LONGEST",
    "Limits",
    "SqlRefused",
    "SqlTooHeavy",
    "cases_table",
    "condition",
    "select",
    "select_table",
    "turns_table",
]
