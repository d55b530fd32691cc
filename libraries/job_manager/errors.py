"""What can go wrong between asking for a job and its end."""

from __future__ import annotations

from libraries.errors import Conflict, NotFound, Unavailable, UnknownName


class QueueUnavailable(Unavailable):
    """Raised when the broker cannot be reached in time; nothing was queued."""

    code = "queue-unavailable"


class JobUnknown(NotFound):
    """Raised when an id stands for no job: it never did, it belongs to somebody else, or its record was removed."""

    code = "job-not-found"


class WrongState(Conflict):
    """Raised when the state of a job does not allow what was asked; `status` says which it is in."""

    code = "wrong-state"

    def __init__(self, detail: str, status: str) -> None:
        """Keep the state beside the text."""
        super().__init__(detail)
        self.status = status


class UnknownTask(UnknownName):
    """Raised when a dotted path is not a public function of a `workers/*_tasks.py` module."""

    code = "unknown-task"


class JobTimeout(BaseException):
    """Raised in a task when its job's time is up. Not an `Exception`, so that a task cannot swallow it by accident."""

    code = "timeout"


class Superseded(BaseException):
    """Raised in a task that wants to store a file when its job belongs to another attempt by now."""
