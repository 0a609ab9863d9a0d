"""The side of the server that Snakemake sees: start it, ask for a fork, wait for its end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import Any

# As Snakemake's shell layer sets them for every job.
_THREADS = (
    "OMP_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
SPARE_CORES = "SPARE_CORES"
_TEMPORARY = ("TMPDIR", "TMP", "TEMPDIR", "TEMP")
_MEGABYTE = 1024 * 1024


class Server:
    """A preloaded Python that forks.

    Parameters
    ----------
    preload : list of str
        Modules that it imports first.
    later : list of str
        Modules that it imports while the first job runs.
    cores : int
        That jobs may use together. Jobs find a folder in SPARE_CORES: its file `busy` says how many have been given to script
        jobs that run, and who wants to use one of the others for a while locks (flock) one of the files lent-0, lent-1, ... of
        which there are as many as cores; of these only the first cores - busy.
    """

    def __init__(self, preload: list[str], later: list[str], cores: int = 1):
        self.preload, self.later, self.cores = preload, later, cores
        self._folder = ""
        self._process: subprocess.Popen | None = None
        self._socket: socket.socket | None = None
        self._answers: dict[int, SimpleQueue] = {}
        self._ids = count()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the process; it answers when its imports are done."""
        ours, theirs = socket.socketpair()
        self._folder = self._folder or _lay_out(self.cores)
        environment = {**os.environ, **dict.fromkeys(_THREADS, "1"), SPARE_CORES: self._folder}
        modules = [",".join(names) for names in (self.preload, self.later)]
        command = [sys.executable, "-m", f"{__package__}.server", str(theirs.fileno()), *modules]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], env=environment, cwd=os.getcwd()
        )
        theirs.close()
        self._socket = ours
        threading.Thread(target=self._listen, args=(ours,), daemon=True).start()

    def stop(self) -> None:
        """End the process; jobs that still run are killed."""
        with self._lock:
            process, self._process = self._process, None
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)
                self._socket.close()
                self._socket = None
        if process is not None:
            process.wait(timeout=30)

    def run(self, script: str, threads: int, tmpdir: str | None, bench_record: Any = None) -> None:
        """Run a Python script in a fork and wait for its end.

        Raises
        ------
        subprocess.CalledProcessError
            When it ends with another status than 0, as Snakemake expects of a command; the status of a job that a signal
            ended is the negative signal.
        """
        answers: SimpleQueue = SimpleQueue()
        environment = dict.fromkeys(_THREADS, str(threads)) | {SPARE_CORES: self._folder}
        if tmpdir:
            environment |= dict.fromkeys(_TEMPORARY, str(tmpdir))
        self._ask(
            {"script": script, "cwd": os.getcwd(), "threads": threads, "env": {**os.environ, **environment}}, answers
        )
        started = answers.get()
        with _watched(started.get("pid"), bench_record):
            ended = answers.get() if "pid" in started else started
        if bench_record is not None and "cpu_time" in ended:
            _complete(bench_record, ended)
        if ended["code"] != 0:
            raise subprocess.CalledProcessError(ended["code"], f"{sys.executable} {script}")

    def _ask(self, request: dict[str, Any], answers: SimpleQueue) -> None:
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self.start()
            request["id"] = next(self._ids)
            self._answers[request["id"]] = answers
            self._socket.sendall(json.dumps(request).encode() + b"\n")

    def _listen(self, connection: socket.socket) -> None:
        """Hand every line of the server to who waits for it; when the server is gone, all its jobs have failed."""
        try:
            with connection.makefile("rb") as lines:
                for line in lines:
                    answer = json.loads(line)
                    waiting = self._answers[answer["id"]]
                    if "code" in answer:
                        del self._answers[answer["id"]]
                    waiting.put(answer)
        except (OSError, ValueError):
            pass
        for request in list(self._answers):
            self._answers.pop(request).put({"code": -9})


def _lay_out(cores: int) -> str:
    """A folder with a file for every core. It stays: locks end with who holds them. Empty: there is no room for it."""
    folder = Path(".snakemake", "spare-cores").absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in folder.glob("lent-*"):
            if file.name not in {f"lent-{number}" for number in range(cores)}:
                file.unlink()
        for number in range(cores):
            (folder / f"lent-{number}").touch()
    except OSError:
        return ""
    return str(folder)


@contextmanager
def _watched(pid: int | None, bench_record: Any) -> Iterator[None]:
    """Snakemake's own sampling of a process, where a benchmark is wanted; one that is over already needs none."""
    import psutil
    from snakemake.benchmark import benchmarked

    with ExitStack() as sampling:
        if pid is not None and bench_record is not None:
            # Only when it is entered does it look for the process.
            with suppress(psutil.NoSuchProcess):
                sampling.enter_context(benchmarked(pid, bench_record))
        yield


def _complete(bench_record: Any, ended: dict[str, Any]) -> None:
    """What the kernel counted: sampling misses the end of a job, and all of a short one."""
    bench_record.running_time = bench_record.running_time or ended["seconds"]
    bench_record.cpu_time = ended["cpu_time"]
    bench_record.cpu_usage = 100 * ended["cpu_time"]
    bench_record.max_rss = max(bench_record.max_rss or 0, ended["max_rss"] / _MEGABYTE)
    for name in ("max_vms", "max_uss", "max_pss", "io_in", "io_out"):
        setattr(bench_record, name, getattr(bench_record, name) or 0)
    bench_record.data_collected = True
