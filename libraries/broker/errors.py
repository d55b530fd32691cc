"""The error for a broker that does not answer."""

from __future__ import annotations

from libraries.errors import Unavailable


class QueueUnavailable(Unavailable):
    """Raised when the broker cannot be reached in time; nothing was queued."""

    code = "queue-unavailable"
