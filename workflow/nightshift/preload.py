"""What the jobs of a night import, imported once by the server that forks them (profiles/default)."""

from importlib import import_module

from nightshift.learners import LEARNERS
from nightshift.plan import remember_code
from nightshift.views import VIEWS

# Whatever is missing here is imported again by every job: the chain, its models and skops alone took 0.7 s of CPU a job.
_WORK = ("nightshift.chain", "nightshift.model", "nightshift.forests", "nightshift.estimators", "skops.io")
_ENDING = ("nightshift.morning", "nightshift.report.diagnosis", "nightshift.report.page")

for _name in (*_WORK, *_ENDING):
    import_module(_name)

# The digests name the code that is loaded here, even if a file is edited while the night runs.
remember_code([*VIEWS.values(), *LEARNERS.values()])
