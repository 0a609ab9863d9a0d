"""Snakemake executor plugin `kubernetes-shared`: jobs as pods that share the project folder.

Snakemake's own plugin `kubernetes` takes it that nothing is shared: every input and output is copied through a storage
plugin, and what a workflow reads or writes besides is not there. Where a volume that many pods may write
(ReadWriteMany) holds the project folder, all of that is needless: this is the same executor, run in that folder.
Options are those of the plugin `kubernetes`, by the prefix `--kubernetes-shared-`.
"""

import importlib.util
from dataclasses import dataclass, field, replace
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings, ExecutorSettingsBase

_NEEDS = "Needs the plugin kubernetes."

if importlib.util.find_spec("snakemake_executor_plugin_kubernetes"):
    from snakemake_executor_plugin_kubernetes import ExecutorSettings
    from snakemake_executor_plugin_kubernetes import common_settings as _nothing_shared

    from snakemake_executor_plugin_kubernetes_shared.pods import Executor

    common_settings = replace(
        _nothing_shared,
        implies_no_shared_fs=False,
        job_deploy_sources=False,
        auto_deploy_default_storage_provider=False,
    )
else:
    # Snakemake imports every plugin that it finds, wanted or not.
    common_settings = CommonSettings(non_local_exec=True, implies_no_shared_fs=False, job_deploy_sources=False)

    @dataclass
    class ExecutorSettings(ExecutorSettingsBase):
        """Such that the profile is understood and the message below is seen."""

        namespace: str = field(default="default", metadata={"help": _NEEDS})
        persistent_volumes: list[str] = field(
            default_factory=list, metadata={"help": _NEEDS, "nargs": "+", "parse_func": list, "unparse_func": list}
        )

    class Executor(RemoteExecutor):
        """Says what is missing."""

        def __new__(cls, *_: Any) -> RemoteExecutor:
            raise WorkflowError(
                "executor kubernetes-shared stands on the plugin kubernetes, which is not installed\n"
                "    -> make setup-kubernetes, or pip install snakemake-executor-plugin-kubernetes"
            )


__all__ = ["Executor", "ExecutorSettings", "common_settings"]
