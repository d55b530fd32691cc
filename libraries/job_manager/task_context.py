"""Access to the running job: artifacts, progress and log messages.

Outside a job these functions do nothing, so that tests can call a task directly.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Protocol, TypeVar

from rq import get_current_job
from rq.job import Job
from rq.utils import as_text

from libraries.broker import Redis
from libraries.broker.connections import use_client_of_job
from libraries.broker.keys import job_key
from libraries.broker.retry import REFUSALS, TASK, retry
from libraries.errors import InvalidInput
from libraries.job_manager import transitions
from libraries.job_manager.job_files import announce_files, claim_readable_names
from libraries.job_manager.ownership import ANONYMOUS, find_owner_with
from libraries.pickled_json import PickledJson
from libraries.storage.job_store import JobFiles
from libraries.storage.locations import find_job_files_with

Item = TypeVar("Item")

MIN_REPORT_INTERVAL_S = 0.1
MAX_MESSAGE_CHARS, MAX_LOG_MESSAGE_CHARS = 200, 2000


class StoredArtifact(Protocol):
    """A stored file, such as `libraries.storage.Artifact`."""

    @property
    def path(self) -> str:
        """Local path."""

    def as_record(self) -> dict[str, object]:
        """Return the fields to store with the job."""


class WorkerContext:
    """Values that the start-up hooks store for the tasks of this process."""

    shared: dict[str, Any] = {}  # noqa: RUF012 - one for the process


def job_context(job: Job) -> dict[str, Any]:
    """Return the context of a job: a copy of the shared one, with what belongs to the job.

    The keys of the job are `job_id`, `job_try` (1 for the first attempt), `enqueue_time` and
    `task`.
    """
    return {
        **WorkerContext.shared,
        "job_id": job.id,
        "job_try": (job.number_of_retries or 0) + 1,
        "enqueue_time": job.enqueued_at,
        "task": job.func_name,
    }


class RunState:
    """The running attempt: its execution id ('' in a stock worker) and its last report."""

    execution_id = ""
    reported_job = ""
    reported_at = 0.0
    finish_requested = False


@contextmanager
def execution(execution_id: str) -> Iterator[None]:
    """Set the execution id of reports; those of a superseded attempt are ignored."""
    RunState.execution_id, RunState.reported_job = execution_id, ""
    RunState.finish_requested = False
    try:
        yield
    finally:
        RunState.execution_id = ""


def attach(artifact: StoredArtifact, **more: object) -> str:
    """Record an artifact of the running job, with JSON values for clients; return its path."""
    job = get_current_job()
    if job is not None:
        # In a stock worker, RQ stores objects of any type, which this service would not read.
        record = PickledJson.as_json_types({**artifact.as_record(), **more})
        job.meta.setdefault("artifacts", []).append(record)
        retry(job.save_meta, TASK)
        if not RunState.execution_id:
            # Our workers do this when the task has returned.
            claim_readable_names(job.connection, {one["name"] for one in job.meta["artifacts"]})
    return artifact.path


def _files_in_stock_worker() -> JobFiles | None:
    """Return the files of a job that a stock worker runs, which knows nothing of them."""
    job = get_current_job()
    if job is None:
        return None
    files = JobFiles(job.id, partial(announce_files, job.connection, job.id))
    known: JobFiles = vars(job).setdefault("job_files", files)
    return known


find_job_files_with(_files_in_stock_worker)


def _owner_in_stock_worker() -> str:
    job = get_current_job()
    if job is None:
        return ANONYMOUS
    if "owner" not in vars(job):
        vars(job)["owner"] = as_text(job.connection.hget(job_key(job.id), "owner") or ANONYMOUS)
    return str(vars(job)["owner"])


find_owner_with(_owner_in_stock_worker)


def set_meta(name: str, value: object) -> None:
    """Set a field in the meta of the running job; the next `attach` stores it."""
    job = get_current_job()
    if job is not None:
        job.meta[name] = PickledJson.as_json_types(value)


def _client_of_stock_worker() -> Redis | None:
    job = get_current_job()
    return job.connection if job is not None and not RunState.execution_id else None


use_client_of_job(_client_of_stock_worker)


def job_client() -> Redis | None:
    """Return the connection of the running job, which retries long; None outside a job."""
    job = get_current_job()
    return job.connection if job is not None else None


def current_job_id() -> str | None:
    """Return the id of the running job, None outside a job. All attempts share it."""
    job = get_current_job()
    return job.id if job is not None else None


def current_execution() -> str:
    """Return the id of the running attempt, '' outside a job and in a stock worker."""
    return RunState.execution_id


def own_folder(folder: str) -> str:
    """Return a subfolder of `folder` for the files of the running job."""
    job_id = current_job_id()
    return f"{folder}/{job_id}" if job_id else folder


def report_progress(step: int, total: int, message: str = "", **facts: float | None) -> None:
    """Report `step` of `total`; at most ten reports per second are published, and the last one.

    `facts` are further members of the progress.
    """
    job = get_current_job()
    if job is None or (step < total and _throttled(job)):
        return
    percent = round(100 * min(step, total) / total) if total > 0 else 0
    _report(
        job,
        "progress",
        {
            "step": step,
            "total": total,
            "percent": percent,
            "message": message[:MAX_MESSAGE_CHARS],
            **facts,
        },
    )


def finish_requested() -> bool:
    """Return whether a client asked the running job to end with the best result so far.

    The answer is that to the last report of the progress.
    """
    return RunState.finish_requested


def track(items: Iterable[Item], total: int | None = None, message: str = "") -> Iterator[Item]:
    """Yield `items` and report the progress after each; without a length, `total` is required."""
    if total is None:
        if not isinstance(items, Sized):
            raise ValueError("track() requires total= for items without a length")
        total = len(items)
    report_progress(0, total, message)
    for done, item in enumerate(items, 1):
        yield item
        report_progress(done, total, message)


def log_message(message: str) -> None:
    job = get_current_job()
    if job is not None:
        _report(job, "log", {"message": message[:MAX_LOG_MESSAGE_CHARS]})


def add_notification(name: str, data: Mapping[str, Any] | None = None) -> None:
    """Send a notification to the owner of the job; `GET /notifications` lists it.

    The name has up to 64 letters, digits, `_`, `-` and `.`, and does not begin with `task_`. The
    data is a JSON object of up to 4000 characters; the job's id is added to it. Another attempt
    sends the notification again. Raises InvalidInput.
    """
    if not re.fullmatch(r"(?!task_)[A-Za-z][A-Za-z0-9_.-]{0,63}", str(name), re.ASCII):
        raise InvalidInput(
            f"the name of a notification has up to 64 letters, digits, `_`, `-` and `.`, and does "
            f"not begin with `task_`; this one is {str(name)[:100]!a}",
            code="bad-notification",
        )
    try:
        text = json.dumps({"name": name, "data": dict(data or {})}, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        text = ""
    if not text or len(text) > 2 * MAX_LOG_MESSAGE_CHARS:
        raise InvalidInput(
            "the data of a notification is a JSON object of up to 4000 characters",
            code="bad-notification",
        )
    job = get_current_job()
    if job is not None:
        execution_id = RunState.execution_id
        retry(
            lambda: transitions.append_event(
                job.connection, job.id, execution_id, "notification", text
            ),
            TASK,
        )


def _report(job: Job, event: str, data: dict[str, object]) -> None:
    # A lost report must not fail the job.
    with suppress(*REFUSALS):
        answer = transitions.append_event(
            job.connection, job.id, RunState.execution_id, event, json.dumps(data)
        )
        RunState.finish_requested = answer > 1 or (RunState.finish_requested and event == "log")


def _throttled(job: Job) -> bool:
    now = time.monotonic()
    if RunState.reported_job == job.id and now - RunState.reported_at < MIN_REPORT_INTERVAL_S:
        return True
    RunState.reported_job, RunState.reported_at = job.id, now
    return False


def next_retry_delay_s() -> float | None:
    """Return the delay before the next attempt if this one fails; None if there is none."""
    job = get_current_job()
    if job is None or not job.retries_left:
        return None
    delays = job.retry_intervals or [0]
    # As in `lua/fail.lua`.
    return float(delays[min(job.number_of_retries or 0, len(delays) - 1)])
