"""A private Slurm on this machine: one controller and several slurmd, each a node, with files in a folder of their own."""

import contextlib
import getpass
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

_PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])  # where Debian puts daemons
TOOLS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol")

_CONF = """\
ClusterName=nightshift
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# A job of a lost node waits for so many seconds before it starts anew.
AuthInfo=socket={root}/munge.socket,cred_expire=20
CredType=cred/munge
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool-%n
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd-%n.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
# Kills a job above the memory that it asked for, as clusters do.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
GresTypes=gpu
ReturnToService=2
SlurmdTimeout=10
MinJobAge=600
SchedulerParameters=sched_interval=2,batch_sched_delay=0
SlurmdParameters=config_overrides
{nodes}
PartitionName=night Nodes=ALL Default=YES MaxTime=1:00:00 State=UP
"""
_NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=16000 Gres=gpu:1"


def missing() -> list[str]:
    """Tools of Slurm and munge that are not installed."""
    return [tool for tool in TOOLS if shutil.which(tool, path=_PATH) is None]


class Cluster:
    """Start with `with`; at its end, or that of this process, everything that it started is ended (`supervisor.py`).

    Parameters
    ----------
    root : folder for configuration, state and logs
    nodes : names of the nodes
    """

    def __init__(self, root: Path, nodes: tuple[str, ...] = ("node1", "node2")):
        self.root = root
        self.nodes = nodes
        self.daemons: dict[str, psutil.Process] = {}

    @property
    def environment(self) -> dict[str, str]:
        """What Slurm's commands need to find this cluster and no other.

        The plugin's jobs call srun without SLURM_CONF, so there is one that knows.
        """
        others = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "SBATCH", "SRUN"))}
        path = os.pathsep.join([str(self.root / "bin"), _PATH])
        return {**others, "PATH": path, "SLURM_CONF": str(self.root / "slurm.conf")}

    def __enter__(self) -> "Cluster":
        self._write_files()
        self._supervisor = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("supervisor.py"), self.root],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for us
        )
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def _write_files(self) -> None:
        (self.root / "bin").mkdir()
        (self.root / "state").mkdir()
        self.root.chmod(0o755)  # munge insists
        (self.root / "munge.key").write_bytes(os.urandom(1024))
        (self.root / "munge.key").chmod(0o400)
        host, ports = socket.gethostname().split(".")[0], _free_ports(1 + len(self.nodes))
        nodes = [
            _NODE.format(name=name, host=host, port=port) for name, port in zip(self.nodes, ports[1:], strict=True)
        ]
        text = _CONF.format(
            host=host, controller=ports[0], user=getpass.getuser(), root=self.root, nodes="\n".join(nodes)
        )
        (self.root / "slurm.conf").write_text(text)
        # No GPU: a file that is always there stands for one, so that jobs that ask for a GPU are placed.
        gres = [f"NodeName={name} Name=gpu File=/dev/null\n" for name in self.nodes]
        (self.root / "gres.conf").write_text("".join(gres))
        srun = self.root / "bin" / "srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self.root}/slurm.conf exec {shutil.which("srun", path=_PATH)} "$@"\n')
        srun.chmod(0o755)

    def _start(self) -> None:
        munge = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munged.pid"}
        munge |= {"log-file": "munged.log", "seed-file": "munged.seed"}
        options = [f"--{name}={self.root / file}" for name, file in munge.items()]
        self._daemon("munged", "--foreground", *options)
        _wait(lambda: (self.root / "munge.socket").exists(), 20, "munged does not start", self.said)
        self._daemon("slurmctld", "-D")
        for node in self.nodes:
            self._daemon("slurmd", "-D", "-N", node, name=node)
        _wait(lambda: self.states() == dict.fromkeys(self.nodes, "IDLE"), 60, "the nodes do not come up", self.said)

    def _daemon(self, tool: str, *arguments: str, name: str | None = None) -> None:
        order = {"name": name or tool, "command": [shutil.which(tool, path=_PATH), *arguments]}
        self._supervisor.stdin.write(json.dumps(order) + "\n")
        self._supervisor.stdin.flush()
        self.daemons[name or tool] = psutil.Process(int(self._supervisor.stdout.readline()))

    def said(self) -> str:
        """The last that each daemon said."""
        return "\n".join(f"{path.name}: {path.read_text()[-1000:]}" for path in sorted(self.root.glob("*.out")))

    def ask(self, *command: str) -> str:
        """Standard output of one of Slurm's commands; empty when it fails."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)
        return done.stdout if done.returncode == 0 else ""

    def states(self) -> dict[str, str]:
        """Node -> state, such as IDLE or DOWN*."""
        return {
            name: state.upper()
            for name, state in map(str.split, self.ask("sinfo", "-N", "-h", "-o", "%N %T").splitlines())
        }

    def jobs(self) -> list[dict[str, str]]:
        """All jobs that the controller remembers: JobId, JobState, NodeList, Restarts, Comment, TimeLimit and more."""
        lines = self.ask("scontrol", "--oneliner", "show", "jobs").splitlines()
        return [dict(re.findall(r"(\w+)=(\S*)", line)) for line in lines if line.startswith("JobId=")]

    def running(self, rule: str, node: str) -> list[str]:
        """Numbers of the jobs of a rule that run on a node."""
        return [
            job["JobId"]
            for job in self.jobs()
            if job["JobState"] == "RUNNING"
            and job["NodeList"] == node
            and job.get("Comment", "").startswith(f"rule_{rule}_")
        ]

    def lose(self, node: str) -> None:
        """The node is gone at once, with all that ran there."""
        running = {job["JobId"] for job in self.jobs() if job["NodeList"] == node and job["JobState"] == "RUNNING"}
        self.daemons[node].kill()
        for process in psutil.Process(self._supervisor.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                step = re.match(r"slurmstepd: \[(\d+)\.", " ".join(process.cmdline()))
                if step and step[1] in running:
                    for one in [process, *process.children(recursive=True)]:
                        one.kill()

    def stop(self) -> None:
        """End all that was started, and all that came of it."""
        self._supervisor.stdin.close()
        self._supervisor.wait(timeout=30)
        self._supervisor.stdout.close()


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _wait(ready, seconds, otherwise, detail=lambda: "") -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"{otherwise} {detail()}"
        time.sleep(0.2)
