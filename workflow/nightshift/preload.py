"""What the jobs of a night import, imported once by the server that forks them (profiles/default)."""

from nightshift.contain import attempt
from nightshift.learners import LEARNERS
from nightshift.plan import remember_code
from nightshift.views import VIEWS

__all__ = ["attempt"]

# The digests name the code that is loaded here, even if a file is edited while the night runs.
remember_code([*VIEWS.values(), *LEARNERS.values()])
