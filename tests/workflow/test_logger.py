"""The logger plugin: a line for each experiment, Snakemake's own words where something fails, silence otherwise."""

import fcntl
import io
import logging
import os
import pty
import struct
import subprocess
import termios
from types import SimpleNamespace

import pytest
from projects import BIN
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.tests import TestLogHandlerBase

from snakemake_logger_plugin_nightshift import LogHandler, LogHandlerSettings
from snakemake_logger_plugin_nightshift.story import Story
from snakemake_logger_plugin_nightshift.terminal import Terminal


class TestInterface(TestLogHandlerBase):
    """What Snakemake's interface asks of every logger plugin."""

    __test__ = True

    @pytest.fixture(autouse=True)
    def somewhere(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

    def get_log_handler_cls(self):
        return LogHandler

    def get_log_handler_settings(self):
        return LogHandlerSettings()


def record(msg="", level=logging.INFO, **extra):
    made = logging.LogRecord("snakemake", level, "x.py", 1, msg, (), None)
    vars(made).update(extra)
    return made


@pytest.fixture
def story(tmp_path, monkeypatch):
    """A story with the stream it writes to; what is shown as usual is marked."""
    monkeypatch.chdir(tmp_path)
    stream = io.StringIO()
    told = Story(Terminal(stream), lambda shown: stream.write(f"usual: {shown.msg}\n"))
    return SimpleNamespace(tell=told.tell, end=told.end, stream=stream, root=tmp_path)


def test_chatter_is_dropped_and_the_unknown_is_shown(story):
    for msg in ("Select jobs to execute...", "Building DAG of jobs...", "Using shell: /usr/bin/bash"):
        story.tell(record(msg))
    story.tell(record("Execute 1 jobs...", event=LogEvent.JOB_STARTED, jobs=[1]))
    story.tell(record("Nothing to be done"))
    story.tell(record("disk is slow", logging.WARNING))
    assert story.stream.getvalue() == "usual: Nothing to be done\nusual: disk is slow\n"


def test_a_failed_job_is_shown_once_with_snakemakes_details(story):
    story.tell(record("RuleException: CalledProcessError ...", logging.ERROR, event=LogEvent.ERROR))
    story.tell(record("Error in rule x", logging.ERROR, event=LogEvent.JOB_ERROR, rule_name="x", log=[]))
    story.tell(record("At least one job did not complete", logging.ERROR, event=LogEvent.ERROR))
    story.tell(record("Complete log(s): x"))
    shown = story.stream.getvalue()
    assert shown == "usual: Error in rule x\nusual: At least one job did not complete\nusual: Complete log(s): x\n"


def test_an_error_is_never_held_back_for_good(story):
    story.tell(record("RuleException: CalledProcessError ...", logging.ERROR, event=LogEvent.ERROR))
    story.end()
    assert "CalledProcessError" in story.stream.getvalue()


def test_a_message_for_people_stands_alone(story):
    (story.root / ".nightshift").mkdir()
    (story.root / ".nightshift/problem.txt").write_text("\n1 problem to mend\n")
    (story.root / "ingest.log").write_text("1 problem to mend\n")
    story.tell(record("CalledProcessError", logging.ERROR, event=LogEvent.ERROR))
    failed = {"event": LogEvent.JOB_ERROR, "rule_name": "ingest", "log": ["ingest.log"]}
    story.tell(record("Error in rule ingest", logging.ERROR, **failed))
    story.tell(record("Exiting because a job execution failed.", logging.ERROR))
    story.tell(record("At least one job did not complete", logging.ERROR, event=LogEvent.ERROR))
    assert story.stream.getvalue() == "ingest cannot go on\n"
    story.tell(record("Error in rule other", logging.ERROR, event=LogEvent.JOB_ERROR, rule_name="other", log=[]))
    story.tell(record("At least one job did not complete", logging.ERROR, event=LogEvent.ERROR))
    assert "usual: Error in rule other\nusual: At least" in story.stream.getvalue()


def test_a_terminal_that_is_gone_or_knows_no_marks(tmp_path):
    class Gone(io.StringIO):
        encoding = "ascii"

        def write(self, text):
            raise BrokenPipeError

    terminal = Terminal(Gone())
    terminal.line("nobody reads this")
    assert terminal.marks["keep"] == "^"


@pytest.mark.parametrize("key", ["dryrun", "verbose", "printshellcmds", "debug_dag"])
def test_where_details_are_asked_for_snakemake_speaks(key):
    common = SimpleNamespace(quiet=None, nocolor=True, stdout=False, show_failed_logs=False)
    for name in ("dryrun", "verbose", "printshellcmds", "debug_dag"):
        setattr(common, name, name == key)
    assert LogHandler(common, LogHandlerSettings())._story is None


def test_a_night_says_a_line_an_experiment(project):
    project.configure(search={"experiments": 3})
    said = project.run("snakemake", "--cores", "2").stderr.splitlines()
    ledger = project.ledger()
    lines = [line for line in said if " exp-" in line and "!" not in line]
    assert [line.split()[1] for line in lines] == ledger["experiment"].tolist()
    assert [line.split()[2] for line in lines] == ledger["status"].tolist()
    assert lines[0].endswith(ledger["hypothesis"][0])
    assert said[0].startswith("Using workflow specific profile") and said[1].startswith("a night of 3 experiments")
    assert said[2].startswith("240 cases") and said[-1].startswith("done in ") and len(said) == 7
    assert list(project.path(".nightshift/jobs").iterdir()) == []
    nothing = project.run("snakemake", "--cores", "2").stderr
    assert "Nothing to be done" in nothing
    own = project.run("snakemake", "--cores", "1", "-f", "results/ending.md", "--logger-nightshift-style", "snakemake")
    assert "1 of 1 steps (100%) done" in own.stderr
    assert "rule ending" in project.run("snakemake", "-n", "-f", "results/ending.md", "--quiet", "host").stdout


def test_in_a_terminal_one_line_moves(night):
    """The status line is taken away before anything else is written, and at the end."""
    night.path("results/ending.md").unlink()
    shown = in_terminal(night, "snakemake", "--cores", "1", "results/ending.md")
    assert "\r\x1b[2K" in shown and "6/6 experiments, best" in shown
    after = shown.rsplit("\r\x1b[2K", 1)[1]
    assert "done in" in after and "6/6" not in after


def test_watch_in_a_terminal_ends_with_the_night(night):
    shown = in_terminal(night, "nightshift", "watch")
    assert "the night is over" in shown and "exp-0005" in shown


def in_terminal(project, *command) -> str:
    """What a command shows on a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "TERM": "xterm"}
    process = subprocess.Popen(
        command, cwd=project.root, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 1 << 16):
            shown += part
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(timeout=120) == 0, shown.decode()
    return shown.decode()
