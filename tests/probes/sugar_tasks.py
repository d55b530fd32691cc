"""Tasks that are queued by calling them."""

from __future__ import annotations

import os

from libraries.job_manager import JobOptions, background_task, current_job_id

TRIES = 1


@background_task
def add(first: int, second: int = 1) -> int:
    """Return the sum."""
    return first + second


@background_task
def call_another(first: int) -> dict[str, str | None]:
    """Queue a job of another task from inside a job."""
    return {"own": current_job_id(), "other": add(first).id}


@background_task
def count_down(number: int) -> list[str]:
    """Queue itself until the number is 0; return the id of the job that it queued."""
    return [count_down(number - 1).id] if number else []


@background_task
def fail(text: str) -> None:
    """Fail with an internal error."""
    raise ValueError(text)


@background_task
def where() -> int:
    """Return the process that runs this."""
    return os.getpid()


def plain_caller(first: int) -> str:
    """Queue a decorated task from a plain one."""
    return add.with_options(JobOptions(result_ttl=60))(first).id


def interrupt() -> None:
    """Be interrupted, as by Ctrl-C."""
    raise KeyboardInterrupt


def wait_for_another(first: int) -> int:
    """Queue a job from inside a job and wait for its result."""
    return add(first).result(timeout=5)
