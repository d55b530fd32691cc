"""What can go wrong between asking for a job and its end."""

from __future__ import annotations

from typing import ClassVar

from libraries.errors import InvalidInput, Unavailable, UnknownName


class QueueUnavailable(Unavailable):
    """Raised when the broker cannot be reached in time; nothing was queued."""

    code: ClassVar[str] = "queue-unavailable"


class UnknownTask(UnknownName):
    """Raised when a dotted path is not a public function of a `workers/*_tasks.py` module."""

    code: ClassVar[str] = "unknown-task"


class BadArguments(InvalidInput):
    """Raised when the arguments of a task cannot be written as JSON."""

    code: ClassVar[str] = "bad-arguments"


class BadTimeout(InvalidInput):
    """Raised when a job's timeout is not a duration between one second and one day."""

    code: ClassVar[str] = "bad-timeout"


class JobTimeout(BaseException):
    """Raised in a task when its job's time is up. Not an `Exception`, so that a task cannot swallow it by accident."""

    code: ClassVar[str] = "timeout"


class BadResult(InvalidInput):
    """Raised in the worker when a task returned something that is not JSON, or too much of it."""

    code: ClassVar[str] = "bad-result"
