"""Errors of the job queue."""

from __future__ import annotations

from collections.abc import Iterable

from libraries.errors import Conflict, NotFound, UnknownName

# Longer texts of exceptions are cut.
MAX_ERROR_CHARS = 4096


def first_line(text: str) -> str:
    """Return the first line of a text with escapes for characters that cannot be printed."""
    line = next(iter(text[: 2 * MAX_ERROR_CHARS].strip().splitlines()), "")
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in line
    )[:MAX_ERROR_CHARS]


def error_text(error: BaseException) -> str:
    """Return the type of an exception and the first line of its message."""
    try:
        message = first_line(str(error))
    except Exception:  # the `__str__` of a task's exception may fail
        message = "the message cannot be read"
    name = first_line(type(error).__name__)
    return f"{name}: {message}" if message else name


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
    """Raised when a name or a function is not a task; the message has the reason."""

    code = "unknown-task"

    def __init__(self, name: object, choices: Iterable[str], reason: str) -> None:
        super().__init__("task", name, choices, field="task")
        # With escapes, because letters of other scripts may look alike.
        self.args = (f"unknown task {str(name)[:100]!a}: {reason}",)


class JobTimeout(BaseException):
    """Raised in a task at its timeout. Not an `Exception`, which tasks may catch by accident."""

    code = "timeout"


class Superseded(BaseException):
    """Raised when a task stores a file although its job was given to another worker."""
