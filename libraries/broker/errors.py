"""Errors of the broker: unreachable, full, or unable to write."""

from __future__ import annotations

import re

from redis import exceptions

from libraries.errors import Unavailable

REASON = re.compile(r"file: (.+?)(?:,? script:|$)")


class QueueUnavailable(Unavailable):
    """Raised when the broker does not reply in time or rejects writes; nothing was queued."""

    code = "queue-unavailable"


class NotWritable(exceptions.ResponseError):
    """Raised by a broker that rejects writes, because it could not write its log (MISCONF)."""


def rejection_text(error: Exception) -> str:
    """Return why the broker does not accept a command, as a part of a sentence."""
    if isinstance(error, exceptions.OutOfMemoryError):
        return "the broker's memory is full"
    if isinstance(error, NotWritable):
        found = REASON.search(str(error))
        reason = found[1].strip(" .").lower() if found else "see its log"
        return f"the broker cannot write its data: {reason}"
    if isinstance(error, exceptions.ReadOnlyError):
        return "the broker is a read-only replica"
    return "the job queue is unreachable"


def queue_unavailable(error: Exception) -> QueueUnavailable:
    """Return the error for clients that replaces an error of the broker."""
    text = f"{rejection_text(error)}; try again in a moment"
    if isinstance(error, exceptions.OutOfMemoryError):
        return QueueUnavailable(text, code="queue-full", retry_after=5)
    return QueueUnavailable(text)
