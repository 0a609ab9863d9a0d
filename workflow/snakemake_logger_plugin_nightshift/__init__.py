"""Snakemake logger plugin `nightshift`: a night's terminal says what people want to know, and no more.

One line for each finished experiment, what the night works on, warnings; in a terminal a last line that moves, with what
runs now. What fails is shown as Snakemake shows it, and all that Snakemake says is in its log file as always.

Use: `logger: nightshift` in a profile. `--logger-nightshift-style snakemake` gives Snakemake's own output back; so do
`--verbose`, `--printshellcmds`, `--debug-dag` and dry runs.
"""

import logging
import sys
from dataclasses import dataclass, field
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase


@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    style: str = field(
        default="night",
        metadata={
            "help": "night: a line for each experiment. snakemake: Snakemake's own output.",
            "choices": ["night", "snakemake"],
        },
    )


class LogHandler(LogHandlerBase):
    """Writes records as lines of the night, or as Snakemake itself would."""

    def __post_init__(self) -> None:
        # Imported here: every `snakemake` command imports all plugins, and only this one that it uses.
        from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter

        common = self.common_settings
        stream = sys.stdout if common.stdout else sys.stderr
        quiet = common.quiet or set()
        self._ordinary = ColorizingTextHandler(common.nocolor, stream, DefaultFormatter(quiet, common.show_failed_logs))
        self._filter = DefaultFilter(quiet, common.debug_dag, common.verbose, common.dryrun, common.printshellcmds)
        self._story = None
        if not self._wants_snakemakes_own():
            from snakemake_logger_plugin_nightshift.story import Story
            from snakemake_logger_plugin_nightshift.terminal import Terminal

            self._story = Story(Terminal(stream, common.nocolor), self._as_usual)

    def _wants_snakemakes_own(self) -> bool:
        common = self.common_settings
        asked = self.settings is not None and self.settings.style == "snakemake"
        everything = common.verbose or common.debug_dag or common.printshellcmds
        silent = "ALL" in {getattr(choice, "name", choice) for choice in common.quiet or ()}
        return asked or everything or silent or common.dryrun

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self._story is None:
                self._as_usual(record)
            else:
                self._story.tell(record)
        except Exception:
            self.handleError(record)

    def _as_usual(self, record: logging.LogRecord) -> None:
        """What Snakemake would do; but errors of jobs are always shown, also by a profile that is quiet about rules."""
        if record.levelno >= logging.ERROR or self._filter.filter(record):
            self._ordinary.emit(record)

    def close(self) -> None:
        if getattr(self, "_story", None) is not None:
            self._story.end()
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        return True

    @property
    def writes_to_file(self) -> bool:
        return False

    @property
    def has_filter(self) -> bool:
        return True

    @property
    def has_formatter(self) -> bool:
        return True

    @property
    def needs_rulegraph(self) -> bool:
        return False


__all__: list[Any] = ["LogHandler", "LogHandlerSettings"]
