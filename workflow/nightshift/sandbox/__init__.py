"""Runs SQL that a stranger wrote (an agent, a user) over our tables, in a process that can do nothing else."""

from nightshift.sandbox.parent import LONGEST, Limits, SqlRefused, SqlTooHeavy, condition, select, select_table

__all__ = ["LONGEST", "Limits", "SqlRefused", "SqlTooHeavy", "condition", "select", "select_table"]
