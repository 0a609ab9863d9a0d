"""A stand-in for the API of a Kubernetes cluster, as far as Snakemake's plugin uses it: a pod is a process of this machine."""

import contextlib
import json
import os
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_CONFIG = """\
apiVersion: v1
kind: Config
clusters: [{{name: here, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: me, user: {{}}}}]
contexts: [{{name: here, context: {{cluster: here, user: me}}}}]
current-context: here
"""


class Pods:
    """Start with `with`.

    Attributes
    ----------
    jobs : name -> what was asked for, as Kubernetes would have got it
    config : content of a kubectl configuration
    """

    def __init__(self):
        self.jobs: dict[str, dict] = {}
        self.processes: dict[str, subprocess.Popen] = {}

    def __enter__(self) -> "Pods":
        pods = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer(pods.get(self.path))

            def do_POST(self):
                content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.answer(pods.post(self.path, content))

            def do_DELETE(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.answer({"status": "Success"})

            def answer(self, content):
                said = json.dumps(content).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.config = _CONFIG.format(port=self.server.server_port)
        self._elsewhere = tempfile.TemporaryDirectory()
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()
        self._elsewhere.cleanup()

    def post(self, path: str, content: dict) -> dict:
        if path.endswith("/jobs"):
            name, container = content["metadata"]["name"], content["spec"]["template"]["spec"]["containers"][0]
            self.jobs[name] = content
            with Path(self._elsewhere.name, f"{name}.log").open("w") as out:
                self.processes[name] = subprocess.Popen(
                    [*container["command"], *container["args"]],
                    cwd=self._elsewhere.name,  # /workdir, an empty folder
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        return content

    def get(self, path: str) -> dict:
        if "/jobs/" not in path:
            return {"items": []}
        name = path.split("/jobs/")[1].removesuffix("/status")
        code = self.processes[name].poll()
        status = {} if code is None else {"failed": 1} if code else {"succeeded": 1}
        return {"metadata": {"name": name}, "spec": self.jobs[name]["spec"], "status": status}

    def logs(self) -> str:
        """What the pods said."""
        return "\n".join(path.read_text()[-2000:] for path in Path(self._elsewhere.name).glob("*.log"))
