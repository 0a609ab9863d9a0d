"""What can become of a request that has no answer."""

from __future__ import annotations

from nightshift.errors import NightshiftError

_LASTING = ("rejected", "nonsense", "refused")


class CallFailed(NightshiftError):  # noqa: N818
    """A request without an answer.

    Attributes
    ----------
    kind : "auth", "rate", "server", "timeout", "connection", "rejected", "nonsense", "refused", "budget" or "unconfigured"
    reason : one line, key-free
    """

    def __init__(self, kind: str, reason: str):
        self.kind, self.reason = kind, reason
        super().__init__(reason)

    @property
    def passing(self) -> bool:
        """Whether the same request may have an answer another night: the server, the key or the budget was to blame."""
        return self.kind not in _LASTING


class ReplayMissing(NightshiftError):  # noqa: N818
    """agent.replay wants an answer that was never kept."""


class NotSentError(NightshiftError):
    """Something asked for data that may not leave."""
