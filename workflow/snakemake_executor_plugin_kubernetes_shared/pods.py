"""The executor of the plugin `kubernetes`, whose pods work in the project folder."""

from __future__ import annotations

import shlex
from typing import Any

from snakemake_executor_plugin_kubernetes import Executor as Pods


class Executor(Pods):
    """As it is, but in the folder where snakemake runs."""

    def get_job_exec_prefix(self, job: Any) -> str:
        return f"cd {shlex.quote(str(self.workflow.workdir_init))}"
