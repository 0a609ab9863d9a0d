"""Snakemake executor plugin `preforked`: local script jobs as forks of one preloaded Python.

A fresh Python that imports the scientific stack costs seconds of CPU, often more than the job's own work. This executor
imports it once, in a server process, and forks a child for every local Python `script:` job. Logs, benchmarks, threads,
environment, failures and signals are as with Snakemake's own local executor, which runs everything else (shell and run
directives, other languages, jobs with conda, containers or environment modules).

Use: `snakemake --executor preforked --preforked-preload numpy,pandas,sklearn --cores 8`, or the same keys in a profile.
Needs fork (Linux, macOS); elsewhere it is the local executor.
"""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Optional

from snakemake.exceptions import RuleException
from snakemake.executors.local import Executor as LocalExecutor
from snakemake.executors.local import common_settings as local_settings
from snakemake.executors.local import run_wrapper
from snakemake.script import PythonScript, get_source
from snakemake.settings.types import DeploymentMethod
from snakemake.sourcecache import SourceCache
from snakemake_interface_executor_plugins.settings import ExecutorSettingsBase

from snakemake_executor_plugin_preforked.client import Server

common_settings = local_settings


@dataclass
class ExecutorSettings(ExecutorSettingsBase):
    # Snakemake makes a command-line option of this, by a type it can call: not `str | None`.
    preload: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata={
            "help": "Modules to import before any job, separated by commas; a job that needs others imports them."
        },
    )
    preload_later: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata={
            "help": "Modules to import while the first job runs, separated by commas: those that later jobs need."
        },
    )


class Executor(LocalExecutor):
    """The local executor, but for Python scripts, which are forked."""

    def __post_init__(self) -> None:
        super().__post_init__()
        settings = self.workflow.executor_settings
        self.server = Server(_names(settings.preload), _names(settings.preload_later), self.cores or 1)
        if hasattr(os, "fork"):
            self.server.start()  # it imports while Snakemake still plans

    def run_single_job(self, job: Any) -> Any:
        if not self._can_fork(job):
            return super().run_single_job(job)
        rule, *arguments = self.job_args_and_prepare(job)
        forked = _ForkedRule(rule, partial(_run_script, self.server, rule, self.workflow.globals["config"]))
        return self.pool.submit(self.cached_or_run, job, run_wrapper, forked, *arguments)

    def _can_fork(self, job: Any) -> bool:
        if not hasattr(os, "fork") or not str(job.rule.script or "").endswith(".py"):
            return False
        methods = self.workflow.deployment_settings.deployment_method
        elsewhere = (
            (DeploymentMethod.CONDA, job.conda_env),
            (DeploymentMethod.APPTAINER, job.container_img_url),
            (DeploymentMethod.ENV_MODULES, job.env_modules),
        )
        return not (job.is_shadow or any(method in methods and wanted for method, wanted in elsewhere))

    def shutdown(self) -> None:
        super().shutdown()
        self.server.stop()

    def cancel(self) -> None:
        super().cancel()
        self.server.stop()


def _names(setting: str | None) -> list[str]:
    return [name.strip() for name in (setting or "").split(",") if name.strip()]


class _ForkedRule:
    """A rule whose run function forks; all else is asked of the rule itself."""

    def __init__(self, rule: Any, run: Callable[..., None]):
        self._rule = rule
        self.run_func = run

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rule, name)


class _ForkedScript(PythonScript):
    """A Python script whose command is a fork of the server."""

    server: Server

    def execute_script(self, fname: str, edit: bool = False) -> None:
        self.server.run(fname, self.threads, self.resources.get("tmpdir"), self.bench_record)


def _run_script(
    server,
    own_rule,
    config,
    input,
    output,
    params,
    wildcards,
    threads,
    resources,
    log,
    rule,
    conda_env,
    container_img,
    singularity_args,
    use_singularity,
    env_modules,
    bench_record,
    jobid,
    is_shell,
    bench_iteration,
    cleanup_scripts,
    shadow_dir,
    edit_notebook,
    conda_base_path,
    basedir,
    sourcecache_path,
    runtime_sourcecache_path,
    runtime_paths,
) -> None:
    """What `snakemake.script.script` does, with the arguments that Snakemake gives a rule's run function."""
    cache = SourceCache(sourcecache_path, runtime_sourcecache_path)
    source_file, source, _, is_local, cache_path = get_source(own_rule.script, cache, basedir, wildcards, params)
    script = _ForkedScript(
        source_file,
        cache_path,
        source,
        basedir,
        input,
        output,
        params,
        wildcards,
        threads,
        resources,
        log,
        config,
        rule,
        conda_env,
        conda_base_path,
        container_img,
        singularity_args,
        env_modules,
        bench_record,
        jobid,
        bench_iteration,
        cleanup_scripts,
        shadow_dir,
        is_local,
        runtime_paths,
    )
    script.server = server
    try:
        script.evaluate()
    except subprocess.CalledProcessError as error:
        raise RuleException(f"{type(error).__name__}: {error}", rule=own_rule) from error
