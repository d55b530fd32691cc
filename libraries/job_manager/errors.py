"""Errors of the job queue."""

from __future__ import annotations

from libraries.errors import Conflict, NotFound, UnknownName


class JobUnknown(NotFound):
    """Raised when a job does not exist, has expired, or belongs to another owner."""

    code = "job-not-found"


class WrongState(Conflict):
    """Raised when the state of a job does not permit an operation; `status` is the state."""

    code = "wrong-state"

    def __init__(self, detail: str, status: str) -> None:
        super().__init__(detail)
        self.status = status


class BadRecord(Conflict):
    """Raised when the record of a job was damaged by another program."""

    code = "bad-record"


class UnknownTask(UnknownName):
    """Raised when a dotted path is not a public function of a `workers/*_tasks.py` module."""

    code = "unknown-task"


class JobTimeout(BaseException):
    """Raised in a task at its timeout. Not an `Exception`, which tasks may catch by accident."""

    code = "timeout"


class Superseded(BaseException):
    """Raised when a task stores a file although its job was given to another worker."""
