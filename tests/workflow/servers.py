"""An SSH server and an S3 server of a test's own: on loopback, with keys and files in the test's folder, ended with it."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
_LONGEST_START = 60


@dataclass(frozen=True)
class SshServer:
    """An sshd that lets in whoever has the key in `keys`, as the user who runs the tests."""

    port: int
    keys: Path

    def url(self, path: Path) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{path}"

    @property
    def command(self) -> str:
        """How to call ssh by hand: OpenSSH looks for keys in the home of the account, whatever HOME says."""
        options = f"-i {self.keys}/id_ed25519 -o IdentitiesOnly=yes -o UserKnownHostsFile={self.keys}/known_hosts"
        return f"ssh -F /dev/null {options} -o BatchMode=yes"


@contextlib.contextmanager
def ssh_server(folder: Path, home: Path) -> Iterator[SshServer]:
    """A real sshd, without root where the tests have none. Skips the test where there is no OpenSSH server.

    Parameters
    ----------
    folder : where its own key, its settings and its log go
    home : whose .ssh/ gets a person's key and the server's host key
    """
    if SSHD is None or shutil.which("ssh-keygen") is None:
        pytest.skip("no OpenSSH server here; `make setup-ssh` installs it")
    server = SshServer(_free_port(), home / ".ssh")
    folder.mkdir(parents=True)
    server.keys.mkdir(mode=0o700)
    for key in (folder / "host", server.keys / "id_ed25519"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # started by root it wants this empty folder
    host_key = (folder / "host.pub").read_text().split()
    (server.keys / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {host_key[0]} {host_key[1]}\n")
    settings = {
        "ListenAddress": f"127.0.0.1:{server.port}",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": server.keys / "id_ed25519.pub",
        "AuthenticationMethods": "publickey",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "StrictModes": "no",  # a temporary folder may be writable for others
        "UsePAM": "no",
        "PidFile": "none",
        "Subsystem": "sftp internal-sftp",
    }
    (folder / "sshd_config").write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    command = [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]
    with _running(command, server.port, folder / "sshd.log"):
        yield server


@contextlib.contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """URL of an S3-compatible server (moto) that keeps its objects in memory."""
    folder.mkdir(parents=True)
    port = _free_port()
    command = [str(Path(sys.executable).parent / "moto_server"), "--host", "127.0.0.1", "--port", str(port)]
    with _running(command, port, folder / "moto.log"):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def _running(command: list[str], port: int, log: Path) -> Iterator[None]:
    """Run a server until the block ends; it must listen soon."""
    with open(log, "wb") as handle:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=handle, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + _LONGEST_START
        while not _listens(port):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
