"""What recording in DVC imports, imported once by the server that forks jobs, while the first of them runs (profiles/default).

Not before it: this takes half a second, and no job needs it until an experiment is scored.
"""

from contextlib import suppress
from importlib import import_module

# Half of what saving an experiment takes is what DVC loads late.
_RECORD = (
    *("nightshift.record", "dvc.repo.experiments.save", "dvc.repo.experiments.queue.celery", "dvc.repo.index"),
    *("dvc.repo.plots", "dvc.repo.stage", "dvc.data_cloud", "dvc.utils.strictyaml", "dvc_data.hashfile.status"),
    *("dvc.repo.experiments.queue.workspace", "dvc.repo.artifacts", "dvc.repo.datasets", "ruamel.yaml", "fsspec"),
    *("scmrepo.git", "scmrepo.git.backend.pygit2.filter", "dulwich.porcelain", "dulwich.stash"),
)

for _name in _RECORD:
    with suppress(ImportError):  # of another version of DVC, which then loads it late
        import_module(_name)
