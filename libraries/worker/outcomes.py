"""The outcome of a task: its result as it is stored, or its error for clients."""

from __future__ import annotations

import json

from libraries.errors import InvalidInput, NotFound, VectorError
from libraries.job_manager.errors import (
    MAX_ERROR_CHARS,
    BadRecord,
    JobTimeout,
    error_text,
    first_line,
)
from libraries.job_manager.records import INTERNAL_ERROR
from libraries.pickled_json import PickledJson

# Errors for which a retry is useless.
PERMANENT = (InvalidInput, NotFound, BadRecord, MemoryError)


def stored_result(result: object, max_chars: int) -> bytes | None:
    """Return the result of a task as it is stored. Raises InvalidInput (`bad-result`)."""
    # RQ would store the text "Unserializable return value" and finish the job.
    if result is None:
        return None
    try:
        text = json.dumps(result, allow_nan=False)
        # Surrogates outside of pairs are no characters; clients cannot decode them.
        json.dumps(result, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"the task returned text with a lone surrogate, U+{ord(error.object[error.start]):04X}",
            code="bad-result",
        ) from None
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput(
            f"the task returned a value of type `{type(result).__name__}`, "
            "which is not JSON serializable",
            code="bad-result",
        ) from None
    if len(text) > max_chars:
        raise InvalidInput(
            f"the task returned {len(text)} bytes of JSON, over the limit of {max_chars}; "
            "write a file instead",
            code="bad-result",
        )
    try:
        return PickledJson.dumps(result)
    except ValueError as error:
        raise InvalidInput(
            f"the task returned a value that cannot be stored: {error}", code="bad-result"
        ) from None


def innermost(error: BaseException) -> BaseException:
    """Return the only exception of a group, as a task of an `asyncio.TaskGroup` raises it."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        (error,) = error.exceptions
    return error


def public_failure(error: BaseException, job_memory: int) -> dict[str, str]:
    """Return the code of an error, its text, and its detail for clients.

    With the code `internal-error`, the detail is only for the owner of the job.
    """
    if isinstance(error, MemoryError):
        code, detail = "memory-limit", _memory_limit(job_memory)
    elif isinstance(error, SystemExit):
        plain = isinstance(error.code, int | str | None)
        argument = first_line(repr(error.code)) if plain else type(error.code).__name__
        code, detail = "task-exit", f"the task called sys.exit({argument})"
    elif isinstance(error, (VectorError, JobTimeout)):
        text = str(error)[:MAX_ERROR_CHARS].encode(errors="backslashreplace").decode()
        code, detail = error.code, text
    else:
        text = error_text(error)
        return {"code": INTERNAL_ERROR, "detail": text, "text": text}
    return {"code": code, "detail": detail, "text": f"{type(error).__name__}: {detail}"}


def _memory_limit(job_memory: int) -> str:
    if not job_memory:
        return "the job needs more memory than this machine has"
    return f"the job needs more memory than its limit, JOB_MEMORY={job_memory / 10**6:.0f}MB"
