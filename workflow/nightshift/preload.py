"""What the jobs of a night import, imported once by the server that forks them (profiles/default)."""

from contextlib import suppress
from importlib import import_module

from nightshift.learners import LEARNERS
from nightshift.plan import remember_code
from nightshift.views import VIEWS

# Whatever is missing here is imported again by every job: the chain, its models and skops alone took 0.7 s of CPU a job.
_WORK = ("nightshift.chain", "nightshift.model", "nightshift.forests", "nightshift.estimators", "skops.io")
_ENDING = ("nightshift.morning", "nightshift.report.diagnosis", "nightshift.report.page")

# Half of what saving an experiment takes is what DVC loads late.
_RECORD = (
    *("nightshift.record", "dvc.repo.experiments.save", "dvc.repo.experiments.queue.celery", "dvc.repo.index"),
    *("dvc.repo.plots", "dvc.repo.stage", "dvc.data_cloud", "dvc.utils.strictyaml", "dvc_data.hashfile.status"),
    *("dvc.repo.experiments.queue.workspace", "dvc.repo.artifacts", "dvc.repo.datasets", "ruamel.yaml", "fsspec"),
    *("scmrepo.git", "scmrepo.git.backend.pygit2.filter", "dulwich.porcelain", "dulwich.stash"),
)

for _name in (*_WORK, *_ENDING):
    import_module(_name)

# The digests name the code that is loaded here, even if a file is edited while the night runs.
remember_code([*VIEWS.values(), *LEARNERS.values()])

for _name in _RECORD:
    with suppress(ImportError):  # of another version of DVC, which then loads it late
        import_module(_name)
