"""What can be done with jobs: cancel, try again, delete; one, or many at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask import Response

from components.http.problems import with_members
from components.http.replies import json_response
from components.jobs.representation import job_body
from libraries.errors import Conflict, Exhausted, NotFound
from libraries.job_manager import WrongState, cancel_job, delete_job, find_job, retry_job, stop_job

# Seconds that a request may wait for workers to stop jobs: for one, and for many together.
ONE_STOP, ALL_STOPS, MIN_STOP_S = 3.0, 10.0, 0.05


def conflict(error: WrongState, code: str) -> Conflict:
    """Return what the job manager said as a problem with the state of the job."""
    return with_members(Conflict(str(error), code=code), job_status=error.status)


def cancel(job_id: str, *, patience: float = ONE_STOP) -> dict[str, Any]:
    """Cancel a job that waits, or stop one that runs, and return it once it is so.

    Raises:
        JobUnknown: it is not the caller's.
        Conflict: it has ended by itself, or did not stop within `patience` seconds.
        QueueUnavailable: the broker cannot be reached.
    """
    record = find_job(job_id)
    if not record.done and cancel_job(job_id):
        return job_body(find_job(job_id))
    try:
        return job_body(stop_job(job_id, patience=patience))
    except WrongState as error:
        raise conflict(error, "not-cancellable") from None


def retry(job_id: str) -> dict[str, Any]:
    """Queue a job again that ended without a result, and return it.

    Raises:
        JobUnknown: it is not the caller's.
        Conflict: it waits, runs or has finished.
        QueueFull, QueueUnavailable: as `libraries.job_manager.retry_job`.
    """
    try:
        return job_body(retry_job(job_id))
    except WrongState as error:
        raise conflict(error, "not-retryable") from None


def delete(job_id: str) -> None:
    """Remove a job and its files.

    Raises:
        JobUnknown: it is not the caller's.
        Conflict: it runs.
        QueueUnavailable: the broker cannot be reached.
    """
    try:
        delete_job(job_id)
    except WrongState as error:
        raise conflict(error, "job-runs") from None


def apply_to_all(action: str, job_ids: list[str]) -> Response:
    """Do the same to many jobs and say what became of each; one to which it cannot be done does not keep it from the others.

    Raises:
        QueueUnavailable: the broker cannot be reached; what was done stays done, and may be asked for again.
    """
    deadline = time.monotonic() + ALL_STOPS
    doings: dict[str, Callable[[str], str]] = {
        "cancel": lambda one: str(cancel(one, patience=_share_of(deadline))["status"]),
        "retry": lambda one: str(retry(one)["status"]),
        "delete": _deleted,
    }
    items = [outcome(doings[action], job_id) for job_id in dict.fromkeys(job_ids)]
    done = sum(1 for item in items if item["ok"])
    body = {"action": action, "done": done, "failed": len(items) - done, "items": items}
    return json_response(body)


def outcome(doing: Callable[[str], str], job_id: str) -> dict[str, Any]:
    """Return what became of one of many jobs."""
    try:
        return {"id": job_id, "ok": True, "status": doing(job_id)}
    except (NotFound, Conflict, Exhausted) as error:
        return {"id": job_id, "ok": False, "code": error.code, "detail": str(error)}


def _deleted(job_id: str) -> str:
    delete(job_id)
    return "deleted"


def _share_of(deadline: float) -> float:
    return max(MIN_STOP_S, min(ONE_STOP, deadline - time.monotonic()))
