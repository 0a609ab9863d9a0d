"""The night's history in DVC: every experiment, and the night as a whole."""

from nightshift.record.night import Archived, archive, record_night, restore, show_command
from nightshift.record.save import RecordOutcome, head_at_start, record_experiment

__all__ = [
    "Archived",
    "RecordOutcome",
    "archive",
    "head_at_start",
    "record_experiment",
    "record_night",
    "restore",
    "show_command",
]
