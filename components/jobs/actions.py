"""Cancellation, retry and deletion of jobs, one by one or in bulk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response

from components.http.job_options import check_options
from components.http.problems import with_members
from components.http.replies import json_response
from components.http.submissions import Submission, merged
from components.jobs.listing import filter_of
from components.jobs.representation import job_body
from components.jobs.submissions import unknown_task_not_found
from libraries.errors import Conflict, Exhausted, NotFound
from libraries.job_manager import (
    Changes,
    JobRecord,
    WrongState,
    cancel_job,
    change_jobs,
    count_jobs,
    delete_job,
    find_job,
    find_jobs,
    finish_job,
    list_jobs,
    retry_job,
    retry_with_changes,
    stop_job,
)
from libraries.job_manager.representation import RETRYABLE
from libraries.job_manager.states import FINAL_STATES, PUBLIC_STATES, UNREADABLE
from libraries.json_types import JsonObject

# How long a request waits for workers to stop: per job, in total, and at least for each job.
STOP_TIMEOUT_S, BULK_STOP_TIMEOUT_S, MIN_STOP_TIMEOUT_S = 3.0, 10.0, 0.05
# Jobs that a request with a filter changes, and that one round trip to the broker changes.
MAX_CHANGED, BLOCK_SIZE = 500, 100


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
        return job_body(find_job(job_id), arguments=True)
    with wrong_state_as("not-cancellable"):
        return job_body(stop_job(job_id, patience=timeout_s), arguments=True)


def finish(job_id: str) -> JsonObject:
    """Ask a job to end with the best result so far; raise Conflict if it has ended."""
    with wrong_state_as("not-cancellable"):
        return job_body(finish_job(job_id), arguments=True)


def retry(job_id: str) -> JsonObject:
    """Queue a failed, stopped or canceled job again; raise Conflict in other states."""
    with wrong_state_as("not-retryable"):
        return job_body(retry_job(job_id), arguments=True)


def retry_changed(job_id: str, requested: Submission) -> JsonObject:
    """Queue an ended job again as a new job, for a loaded `RetryJobSchema`."""
    changes, options = Changes(**requested.body), check_options(requested.options)
    with wrong_state_as("not-retryable"), unknown_task_not_found():
        record = retry_with_changes(job_id, changes, lambda former: merged(options, former))
    return job_body(record, arguments=True)


def delete(job_id: str) -> None:
    """Delete a job and its files; raise Conflict if it is running."""
    with wrong_state_as("job-runs"):
        delete_job(job_id)


def apply_to_all(action: str, job_ids: list[str]) -> Response:
    """Apply an action to many jobs and report each result; failures do not affect the other jobs."""
    job_ids = list(dict.fromkeys(job_ids))
    return json_response(summary(action, outcomes(action, job_ids, find_jobs(job_ids))))


def apply_to_matching(body: JsonObject) -> Response:
    """Apply an action to a part of the jobs that match a filter, or count all of them.

    A request acts on at most `MAX_CHANGED` jobs, and starts no further action after 10 seconds;
    `next_cursor` continues.
    """
    action = body["action"]
    job_filter = filter_of(body["filter"], permitting(action))
    if body["dry_run"]:
        matched = count_jobs(job_filter).total
        return json_response({**summary(action, []), "matched": matched, "next_cursor": None})
    page = list_jobs(
        job_filter,
        limit=MAX_CHANGED,
        cursor=body["cursor"],
        # Retried jobs keep their order. Waiting jobs, which are newer, are canceled before running
        # ones: a worker that has stopped its job would take the next of them.
        newest_first=action != "retry",
    )
    items = outcomes(action, [record.id for record in page.items], page.items)
    cursor = page.cursor_after(len(items)) if len(items) < len(page.items) else page.next_cursor
    return json_response({**summary(action, items), "matched": len(items), "next_cursor": cursor})


def outcomes(action: str, job_ids: list[str], records: list[JobRecord]) -> list[JsonObject]:
    """Apply an action to jobs, and return an `OutcomeSchema` for each until the time is over.

    `records` are those of the jobs that the caller has.
    """
    deadline = time.monotonic() + BULK_STOP_TIMEOUT_S
    known = {record.id: record for record in records}
    items: list[JsonObject] = []
    for start in range(0, len(job_ids), BLOCK_SIZE):
        block = job_ids[start : start + BLOCK_SIZE]
        changed = change_jobs(action, [known[job_id] for job_id in block if job_id in known])
        items += [
            {"id": job_id, "ok": True, "status": changed[job_id]}
            if job_id in changed
            else outcome(action, job_id, deadline)
            for job_id in block
        ]
        if time.monotonic() > deadline:
            break
    return items


def permitting(action: str) -> frozenset[str]:
    """Return the states in which an action is possible."""
    if action == "retry":
        return RETRYABLE
    ended = FINAL_STATES | {UNREADABLE}
    return frozenset(PUBLIC_STATES) - (ended if action == "cancel" else {"started"})


def summary(action: str, items: list[JsonObject]) -> JsonObject:
    """Return a `BulkReplySchema` for a list of `OutcomeSchema`."""
    done = sum(item["ok"] for item in items)
    return {"action": action, "done": done, "failed": len(items) - done, "items": items}


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
