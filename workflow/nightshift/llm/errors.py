"""What can become of a request that has no answer."""

from __future__ import annotations

from nightshift.errors import NightshiftError


class CallFailed(NightshiftError):  # noqa: N818
    """A request without an answer.

    Attributes
    ----------
    kind : "auth", "rate", "server", "timeout", "connection", "rejected", "nonsense", "budget" or "unconfigured"
    reason : one line, key-free
    """

    def __init__(self, kind: str, reason: str):
        self.kind, self.reason = kind, reason
        super().__init__(reason)


class ReplayMissing(NightshiftError):  # noqa: N818
    """agent.replay wants an answer that was never kept."""
