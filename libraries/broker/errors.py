"""The error for an unreachable broker."""

from __future__ import annotations

from libraries.errors import Unavailable


class QueueUnavailable(Unavailable):
    """Raised when the broker does not reply in time; nothing was queued."""

    code = "queue-unavailable"
