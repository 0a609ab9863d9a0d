"""The executor plugin: like Snakemake's local executor in all but speed."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from snakemake_executor_plugin_preforked.client import Server, _complete, _watched

BIN = Path(sys.executable).parent
SNAKEFILE = """
rule all:
    input: "one.json", "two.json"

rule say:
    output: "{name}.json"
    log: "logs/{name}.log"
    benchmark: "logs/{name}.tsv"
    threads: 2
    params: words=["a", "b"]
    script: "say.py"

rule fail:
    output: "failed.txt"
    script: "fail.py"

rule leave:
    output: "left.txt"
    script: "leave.py"

rule sleep:
    output: "slept.txt"
    script: "sleep.py"

checkpoint plan:
    output: "planned.txt"
    shell: "touch {output}"

def planned(wildcards):
    import time
    checkpoints.plan.get()
    open("planning.txt", "w").close()
    end = time.monotonic() + 3
    while time.monotonic() < end:
        time.sleep(0.01)
    return "planned.txt"

rule follow:
    input: planned
    output: "followed.txt"
    shell: "touch {output}"

rule look:
    output: "{step}.seen"
    input: lambda wildcards: [] if wildcards.step == "first" else "first.seen"
    script: "look.py"

rule cores:
    output: "cores.txt"
    threads: 2
    script: "cores.py"

rule shell:
    output: "shell.txt"
    shell: "echo shell > {output}"
"""
SCRIPTS = {
    "say.py": """
import json, os, sys
import numpy as np
from pathlib import Path

total = sum(i * i for i in range(2_000_000))
Path(snakemake.log[0]).write_text("logged")
content = {
    "params": list(snakemake.params.words), "name": snakemake.wildcards.name, "main": __name__,
    "file": os.path.basename(__file__), "threads": os.environ["OMP_NUM_THREADS"], "argv": len(sys.argv),
    "drawn": float(np.random.rand()), "beside": Path(__file__).with_name("say.py").exists(), "tmp": os.environ["TMPDIR"],
}
Path(snakemake.output[0]).write_text(json.dumps(content))
""",
    "look.py": """
import sys, time
time.sleep(1)
open(snakemake.output[0], "w").write(str([name in sys.modules for name in ("wave", "colorsys")]))
""",
    "cores.py": """
import os
folder = os.environ["SPARE_CORES"]
files = sorted(os.listdir(folder))
open(snakemake.output[0], "w").write(" ".join([open(os.path.join(folder, "busy")).read().strip(), *files]))
""",
    "fail.py": "raise ValueError('it went wrong here')\n",
    "leave.py": "import sys\nopen(snakemake.output[0], 'w').close()\nsys.exit(0)\n",
    "sleep.py": "import time, os\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)\nopen('slept.txt', 'w')\n",
}


@pytest.fixture
def workflow(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    for name, text in SCRIPTS.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def command(*arguments, executor="preforked", preload="numpy,no_such_module"):
    options = ["--preforked-preload", preload] if executor == "preforked" else []
    return [str(BIN / "snakemake"), "--cores", "2", "--executor", executor, *options, *arguments]


def run(workflow, *arguments, **options):
    return subprocess.run(command(*arguments, **options), cwd=workflow, capture_output=True, text=True, timeout=120)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def test_scripts_see_what_they_see_with_the_local_executor(workflow):
    contents = {}
    for executor in ("local", "preforked"):
        done = run(workflow, "--forceall", executor=executor)
        assert done.returncode == 0, done.stderr
        contents[executor] = [json.loads((workflow / f"{name}.json").read_text()) for name in ("one", "two")]
        assert (workflow / "logs" / "one.log").read_text() == "logged"
    assert "no_such_module is not preloaded" in done.stderr
    drawn = [content.pop("drawn") for one in contents.values() for content in one]
    assert len(set(drawn)) == 4, "every job draws other random numbers"
    for one in contents["preforked"] + contents["local"]:
        one["tmp"] = bool(one["tmp"])
    assert contents["preforked"] == contents["local"]
    assert contents["preforked"][0]["threads"] == "2" and contents["preforked"][0]["main"] == "__main__"


def test_what_is_preloaded_later_is_there_for_the_second_job(workflow):
    done = run(workflow, "second.seen", "--preforked-preload-later", "colorsys,no_such_module_later", preload="wave")
    assert done.returncode == 0, done.stderr
    assert [(workflow / f"{step}.seen").read_text() for step in ("first", "second")] == [
        "[True, False]",
        "[True, True]",
    ]
    assert "no_such_module_later is not preloaded" in done.stderr


def test_jobs_know_how_many_cores_are_given_away(workflow):
    for cores in ("4", "3"):
        done = run(workflow, "cores.txt", "--cores", cores, "--forceall")
        assert done.returncode == 0, done.stderr
        files = ["busy", *(f"lent-{number}" for number in range(int(cores)))]
        assert (workflow / "cores.txt").read_text().split() == ["2", *files]
    assert (workflow / ".snakemake/spare-cores/busy").read_text() == "0\n"


def test_benchmarks_count_the_child(workflow):
    assert run(workflow).returncode == 0
    head, row = ((workflow / "logs" / "one.tsv").read_text().splitlines()[line].split("\t") for line in (0, 1))
    measured = dict(zip(head, row, strict=True))
    assert float(measured["cpu_time"]) > 0.02
    assert float(measured["max_rss"]) > 5


def test_a_failure_is_shown_and_fails_the_run(workflow):
    done = run(workflow, "failed.txt")
    assert done.returncode == 1
    assert "ValueError: it went wrong here" in done.stderr and "rule fail" in done.stderr.lower()


def test_sys_exit_and_shell_rules_work(workflow):
    done = run(workflow, "left.txt", "shell.txt")
    assert done.returncode == 0, done.stderr
    assert (workflow / "shell.txt").read_text() == "shell\n"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_job_outlives_the_run(workflow, how):
    """Ctrl-C reaches the group; SIGKILL only Snakemake, and the server ends its jobs."""
    process = subprocess.Popen(command("slept.txt"), cwd=workflow, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 60
    while not (workflow / "pid").exists() or not (workflow / "pid").read_text():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    job = int((workflow / "pid").read_text())
    if how == signal.SIGINT:
        os.killpg(process.pid, how)
    else:
        process.kill()
    process.wait(timeout=60)
    deadline = time.monotonic() + 10
    while alive(job) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(job)
    assert not (workflow / "slept.txt").exists()


def test_an_interrupt_while_the_jobs_are_planned_is_not_lost(workflow):
    process = subprocess.Popen(command("followed.txt"), cwd=workflow, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 60
    while not (workflow / "planning.txt").exists():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) != 0
    assert not (workflow / "followed.txt").exists()


def test_a_server_that_is_killed_fails_its_job_and_the_next_job_gets_a_new_one(workflow):
    done = subprocess.Popen(
        command("slept.txt", "left.txt", "--keep-going", "--cores", "1", "--prioritize", "slept.txt"),
        cwd=workflow,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (workflow / "pid").exists() or not (workflow / "pid").read_text():
        assert time.monotonic() < deadline and done.poll() is None
        time.sleep(0.05)
    job = int((workflow / "pid").read_text())
    server = int(Path(f"/proc/{job}/stat").read_text().rsplit(")", 1)[1].split()[1])
    os.kill(server, signal.SIGKILL)
    told = done.communicate(timeout=90)[1]
    assert done.returncode == 1 and "slept.txt" in told
    assert (workflow / "left.txt").exists() and not alive(job)


def test_a_job_for_which_the_system_has_no_room_fails_alone(tmp_path, monkeypatch):
    """The server's second fork is refused: the first job goes on, and so does the server."""
    monkeypatch.chdir(tmp_path)
    refusing = """
import errno, os
fork, asked = os.fork, []
def refuse_the_second():
    asked.append(1)
    if len(asked) == 2:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return fork()
os.fork = refuse_the_second
"""
    (tmp_path / "refusing.py").write_text(refusing)
    wait = "import os, time\nopen('began', 'w').close()\nwhile not os.path.exists('go'): time.sleep(0.02)\n"
    (tmp_path / "wait.py").write_text(wait)
    (tmp_path / "short.py").write_text("open('done', 'w').close()\n")
    server = Server(["refusing"], [])
    with ThreadPoolExecutor() as pool:
        first = pool.submit(server.run, "wait.py", 1, None)
        deadline = time.monotonic() + 60
        while not (tmp_path / "began").exists():
            assert time.monotonic() < deadline and not first.done()
            time.sleep(0.02)
        with pytest.raises(subprocess.CalledProcessError, match="exit status 1"):
            server.run("short.py", 1, None)
        server.run("short.py", 1, None)
        (tmp_path / "go").touch()
        first.result(timeout=60)
    assert (tmp_path / "done").exists()
    server.stop()


def test_a_job_that_ends_before_it_is_watched_has_its_benchmark_all_the_same():
    from snakemake.benchmark import BenchmarkRecord

    ended = subprocess.Popen(["true"])
    ended.wait()
    record = BenchmarkRecord()
    with _watched(ended.pid, record):
        pass
    _complete(record, {"seconds": 0.1, "cpu_time": 0.05, "max_rss": 2**20})
    assert record.data_collected and (record.running_time, record.cpu_time, record.max_rss) == (0.1, 0.05, 1)
