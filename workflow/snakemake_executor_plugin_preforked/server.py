"""The preloaded Python: imports what it is told, then forks a child for every request.

Run as `python -m snakemake_executor_plugin_preforked.server FD MODULES LATER`; the modules LATER are imported when the first
child runs and nothing else is asked for. Requests and answers are lines of JSON on the socket FD. A request {id, script, cwd,
threads, env} is answered by {id, pid}, and when the child has ended by {id, code, seconds, cpu_time, max_rss}; where the system has
no room for a child, by {id, code} alone. The end of the socket is the end of the server and of its children. While it runs, the file `busy`
in the folder SPARE_CORES holds the number of cores that its children were given.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NamedTuple

_PR_SET_PDEATHSIG = 1
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


class _Child(NamedTuple):
    """A job that runs: its request, the cores that it was given, and when it began (monotonic seconds)."""

    request: int
    threads: int
    start: float


def main() -> None:
    connection, modules, later = socket.socket(fileno=int(sys.argv[1])), *sys.argv[2:4]
    # Ctrl-C reaches the whole terminal group: jobs end by it, Snakemake ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _import(modules)
    _serve(connection, later)


def _import(modules: str) -> None:
    for name in filter(None, modules.split(",")):
        try:
            importlib.import_module(name)
        except Exception as error:  # a job that needs it imports it, and says what is wrong
            print(f"preforked: {name} is not preloaded: {error}", file=sys.stderr, flush=True)
    # Imported objects stay out of the children's collections, so that their pages stay shared.
    gc.collect()
    gc.freeze()


def _serve(connection: socket.socket, later: str) -> None:
    waker, wakened = socket.socketpair()
    for end in (waker, wakened, connection):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    selector = selectors.DefaultSelector()
    selector.register(connection, selectors.EVENT_READ)
    selector.register(wakened, selectors.EVENT_READ)
    children: dict[int, _Child] = {}
    buffer = b""
    _tell_busy(children)
    while True:
        asked = selector.select(0 if later and children else None)
        if not asked and later:
            _import(later)
            later = ""
        for key, _ in asked:
            if key.fileobj is wakened:
                wakened.recv(4096)
                continue
            received = connection.recv(1 << 20)
            if not received:
                _end(children)
                return
            *lines, buffer = (buffer + received).split(b"\n")
            for request in map(json.loads, lines):
                try:
                    pid = _fork(request, [connection, waker, wakened])
                except OSError as error:  # no room for a process: this job fails, those that run go on
                    print(f"preforked: no process for {request['script']}: {error}", file=sys.stderr, flush=True)
                    _answer(connection, {"id": request["id"], "code": 1})
                    continue
                children[pid] = _Child(request["id"], request["threads"], time.monotonic())
                _answer(connection, {"id": request["id"], "pid": pid})
        _reap(connection, children)
        _tell_busy(children)


def _tell_busy(children: dict[int, _Child]) -> None:
    """Write how many cores jobs have been given: what is left of all may be borrowed."""
    folder = os.environ.get("SPARE_CORES")
    busy = sum(child.threads for child in children.values())
    if folder:
        with contextlib.suppress(OSError):  # the worst that comes of it is a core too many or too few
            Path(folder, "busy").write_text(f"{busy}\n")


def _end(children: dict[int, _Child]) -> None:
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _reap(connection: socket.socket, children: dict[int, _Child]) -> None:
    for pid in list(children):
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            child = children.pop(pid)
            _answer(
                connection,
                {
                    "id": child.request,
                    "code": os.waitstatus_to_exitcode(status),
                    "seconds": time.monotonic() - child.start,
                    "cpu_time": usage.ru_utime + usage.ru_stime,
                    "max_rss": usage.ru_maxrss * _RSS_UNIT,
                },
            )


def _answer(connection: socket.socket, content: dict[str, Any]) -> None:
    connection.setblocking(True)
    try:
        connection.sendall(json.dumps(content).encode() + b"\n")
    except OSError:
        pass  # Snakemake is gone; the next read ends us
    finally:
        connection.setblocking(False)


def _fork(request: dict[str, Any], sockets: list[socket.socket]) -> int:
    """Fork a child that runs the request's script and never comes back."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        _become_a_job(request, sockets)
        code = _run(request["script"])
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code)


def _become_a_job(request: dict[str, Any], sockets: list[socket.socket]) -> None:
    """The state that a freshly started `python script` would have."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for end in sockets:
        end.close()
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    if "threadpoolctl" in sys.modules:
        sys.modules["threadpoolctl"].threadpool_limits(request["threads"])
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()  # Python's own generator is seeded anew by fork itself


def _run(script: str) -> int:
    """Run a script as `__main__`; the exit status that Python would end with."""
    sys.argv = [script]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return (ended.code or 0) & 0xFF
        print(ended.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main()
