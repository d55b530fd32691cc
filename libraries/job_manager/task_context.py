"""What a task may say about the job that it runs in. Outside a job nothing happens, so a task can be tested by calling it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager, suppress
from typing import Protocol, TypeVar

from rq import get_current_job
from rq.job import Job

from libraries.broker import Redis
from libraries.broker.retry import REFUSALS, TASK, retry
from libraries.job_manager import transitions

Item = TypeVar("Item")

MIN_REPORT_INTERVAL_S = 0.1
MAX_MESSAGE_CHARS, MAX_LOG_MESSAGE_CHARS = 200, 2000


class StoredArtifact(Protocol):
    """Anything stored under a path that can describe itself, such as `libraries.storage.Artifact`."""

    @property
    def path(self) -> str:
        """Where it is, for code on this machine."""

    def as_record(self) -> dict[str, object]:
        """Return what to keep with the job."""


class RunState:
    """The run of a job that this process is in: its execution id, '' where the worker is not ours, and its last report's time."""

    execution_id = ""
    reported_job = ""
    reported_at = 0.0


@contextmanager
def execution(execution_id: str) -> Iterator[None]:
    """Let what is reported inside be that of one run of a job; when it is superseded, its reports change nothing."""
    RunState.execution_id, RunState.reported_job = execution_id, ""
    try:
        yield
    finally:
        RunState.execution_id = ""


def attach(artifact: StoredArtifact, **more: object) -> str:
    """Record a stored artifact on the running job, and return its path: what a task that makes one file returns.

    `more` is kept beside it and shown to clients, such as what a drawing costs on a plotter; anything that JSON can write.
    """
    job = get_current_job()
    if job is not None:
        job.meta.setdefault("artifacts", []).append({**artifact.as_record(), **more})
        retry(job.save_meta, TASK)
    return artifact.path


def set_meta(name: str, value: object) -> None:
    """Keep a value in the meta of the running job; it is written with the next file that is attached."""
    job = get_current_job()
    if job is not None:
        job.meta[name] = value


def job_client() -> Redis | None:
    """Return the running job's connection to the broker, which is more patient than that of a request; None outside a job."""
    job = get_current_job()
    return job.connection if job is not None else None


def current_job_id() -> str | None:
    """Return the id of the running job, None outside a job. It stays the same when a job is tried again."""
    job = get_current_job()
    return job.id if job is not None else None


def current_execution() -> str:
    """Return the id of the attempt that runs now, '' outside a job and where the worker is not ours."""
    return RunState.execution_id


def own_folder(folder: str) -> str:
    """Return a folder inside `folder` that is the running job's own, so that jobs do not overwrite each other's files."""
    job_id = current_job_id()
    return f"{folder}/{job_id}" if job_id else folder


def report_progress(step: int, total: int, message: str = "") -> None:
    """Say that the running job has done `step` of `total` steps; at most ten reports a second are written, and the last one."""
    job = get_current_job()
    if job is None or (step < total and _throttled(job)):
        return
    percent = round(100 * min(step, total) / total) if total > 0 else 0
    _report(
        job,
        "progress",
        {"step": step, "total": total, "percent": percent, "message": message[:MAX_MESSAGE_CHARS]},
    )


def track(items: Iterable[Item], total: int | None = None, message: str = "") -> Iterator[Item]:
    """Yield each of `items`, and report after each one how many are done.

    Args:
        items: what the running job works through.
        total: how many there are; needed where `len(items)` does not tell.
        message: what is being done, in words.

    Raises:
        ValueError: `total` is not given and `items` have no length.
    """
    if total is None:
        if not isinstance(items, Sized):
            raise ValueError("track() needs total= for items without a length")
        total = len(items)
    report_progress(0, total, message)
    for done, item in enumerate(items, 1):
        yield item
        report_progress(done, total, message)


def log_message(message: str) -> None:
    """Tell those who follow the running job something in words."""
    job = get_current_job()
    if job is not None:
        _report(job, "log", {"message": message[:MAX_LOG_MESSAGE_CHARS]})


def _report(job: Job, event: str, said: dict[str, object]) -> None:
    # What cannot be told is no reason to fail.
    with suppress(*REFUSALS):
        transitions.append_event(
            job.connection, job.id, RunState.execution_id, event, json.dumps(said)
        )


def _throttled(job: Job) -> bool:
    now = time.monotonic()
    if RunState.reported_job == job.id and now - RunState.reported_at < MIN_REPORT_INTERVAL_S:
        return True
    RunState.reported_job, RunState.reported_at = job.id, now
    return False


def next_retry_delay_s() -> float | None:
    """Return the seconds after which the running job is tried again if it fails now; None if it is not, or outside a job."""
    job = get_current_job()
    if job is None or not job.retries_left:
        return None
    pauses = job.retry_intervals or [0]
    # As `lua/fail.lua` chooses it.
    return float(pauses[min(job.number_of_retries or 0, len(pauses) - 1)])
