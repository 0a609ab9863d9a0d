"""Starts daemons and outlives none of them: all that they leave behind is its own child, buried at once.

Run as `python supervisor.py FOLDER`. A line of JSON on standard input, {name, command}, starts a daemon whose output goes
to FOLDER/name.out; its process number is the answer. The end of standard input (its parent is done, or dead) ends every
process that came of the daemons, and this one.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    # Slurm's steps leave their parents, and a step whose dead nobody buries does not end.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    daemons = []  # kept: subprocess would bury those that are forgotten in its own way
    try:
        while True:
            bury()
            if not select.select([sys.stdin], [], [], 0.05)[0]:
                continue
            line = os.read(0, 1 << 16)
            if not line:
                return
            daemons.append(start(**json.loads(line)))
            print(daemons[-1].pid, flush=True)
    finally:
        end_all()


def start(name: str, command: list[str]) -> subprocess.Popen:
    with Path(sys.argv[1], f"{name}.out").open("w") as out:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )


def bury() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def end_all() -> None:
    for _ in range(200):
        left = psutil.Process().children(recursive=True)
        if not left:
            return
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        bury()
        time.sleep(0.02)


if __name__ == "__main__":
    main()
