"""Cancellation, retry and deletion of jobs, one by one or in bulk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response

from components.http.problems import with_members
from components.http.replies import json_response
from components.jobs.representation import job_body
from libraries.errors import Conflict, Exhausted, NotFound
from libraries.job_manager import WrongState, cancel_job, delete_job, find_job, retry_job, stop_job
from libraries.json_types import JsonObject

# How long a request waits for workers to stop: per job, in total, and at least for each job.
STOP_TIMEOUT_S, BULK_STOP_TIMEOUT_S, MIN_STOP_TIMEOUT_S = 3.0, 10.0, 0.05


@contextmanager
def wrong_state_as(code: str) -> Iterator[None]:
    """Convert WrongState to a Conflict with this problem code and the job's state."""
    try:
        yield
    except WrongState as error:
        raise with_members(Conflict(str(error), code=code), job_status=error.status) from None


def cancel(job_id: str, *, timeout_s: float = STOP_TIMEOUT_S) -> JsonObject:
    """Cancel a waiting job or stop a running one; raise Conflict if it had ended or does not stop in time."""
    if not find_job(job_id).done and cancel_job(job_id):
        return job_body(find_job(job_id))
    with wrong_state_as("not-cancellable"):
        return job_body(stop_job(job_id, patience=timeout_s))


def retry(job_id: str) -> JsonObject:
    """Queue a failed, stopped or canceled job again; raise Conflict in other states."""
    with wrong_state_as("not-retryable"):
        return job_body(retry_job(job_id))


def delete(job_id: str) -> None:
    """Delete a job and its files; raise Conflict if it is running."""
    with wrong_state_as("job-runs"):
        delete_job(job_id)


def apply_to_all(action: str, job_ids: list[str]) -> Response:
    """Apply an action to many jobs and report each result; failures do not affect the other jobs."""
    deadline = time.monotonic() + BULK_STOP_TIMEOUT_S
    items = [outcome(action, job_id, deadline) for job_id in dict.fromkeys(job_ids)]
    done = sum(item["ok"] for item in items)
    body = {"action": action, "done": done, "failed": len(items) - done, "items": items}
    return json_response(body)


def outcome(action: str, job_id: str, deadline: float) -> JsonObject:
    """Apply an action to one of many jobs and return an `OutcomeSchema`."""
    try:
        return {"id": job_id, "ok": True, "status": _apply(action, job_id, deadline)}
    except (NotFound, Conflict, Exhausted) as error:
        return {"id": job_id, "ok": False, "code": error.code, "detail": str(error)}


def _apply(action: str, job_id: str, deadline: float) -> str:
    if action == "delete":
        delete(job_id)
        return "deleted"
    if action == "retry":
        return str(retry(job_id)["status"])
    left = max(MIN_STOP_TIMEOUT_S, min(STOP_TIMEOUT_S, deadline - time.monotonic()))
    return str(cancel(job_id, timeout_s=left)["status"])
