"""A job asked for by the name of its task."""

from __future__ import annotations

import time
from typing import Any

from flask import Response

from components.http.problems import BadFields, FieldError
from components.http.replies import accepted
from components.http.webhook_fields import validate_webhook
from libraries.errors import NotFound
from libraries.job_manager import JobOptions, JobUnknown, UnknownTask, check_task, find_job, submit


class TaskNotFound(NotFound):
    """Raised when the name of a task stands for none; the document lists those that there are."""

    code = "unknown-task"

    def __init__(self, error: UnknownTask) -> None:
        """Say what was said of the name, and list the tasks apart from the text."""
        super().__init__(f"{error}; {error.hint}" if error.hint else str(error))
        self.members = {"tasks": error.choices}


def submit_job(asked: dict[str, Any]) -> Response:
    """Queue the job that was asked for by `SubmitJobSchema`, and return the reply that says so.

    Raises:
        TaskNotFound: there is no such task. The name is looked up in a list; nothing is imported.
        BadFields: a job that it depends on is not the caller's, or ended without a result; or the webhook may not be called.
        BadArguments, QueueFull, QueueUnavailable: as `libraries.job_manager.submit`.
    """
    try:
        check_task(asked["task"])
    except UnknownTask as error:
        raise TaskNotFound(error) from None
    check_dependencies(asked["depends_on"])
    job = submit(asked["task"], asked["args"], asked["kwargs"], options_of(asked))
    later = asked["depends_on"] or asked["delay"] or asked["run_at"]
    return accepted(job, "Job queued, to run later" if later else "Job queued")


def options_of(asked: dict[str, Any]) -> JobOptions:
    """Return how the job is to be queued. The task's own arguments have no say in it, whatever their names.

    Raises:
        BadFields: the webhook may not be called.
    """
    run_at = asked["run_at"].timestamp() if asked["run_at"] is not None else None
    retry = asked["retry"] or {"max": None, "interval": None}
    return JobOptions(
        job_timeout=asked["timeout"],
        result_ttl=asked["result_ttl"],
        at_front=asked["priority"] == "high",
        run_at=time.time() + asked["delay"] if asked["delay"] else run_at,
        retries=retry["max"],
        retry_pause=retry["interval"],
        depends_on=tuple(dict.fromkeys(asked["depends_on"])),
        webhook=validate_webhook(asked["webhook"]),
    )


def check_dependencies(job_ids: list[str]) -> None:
    """Let only jobs of the caller pass that have finished or still may.

    Raises:
        BadFields: one or more are unknown, somebody else's, or ended without a result.
    """
    found = [(place, why_not(job_id)) for place, job_id in enumerate(job_ids)]
    wrong = [FieldError(("depends_on", str(place)), reason) for place, reason in found if reason]
    if wrong:
        raise BadFields(wrong)


def why_not(job_id: str) -> str | None:
    """Say why a job cannot be waited for, None if it can."""
    try:
        record = find_job(job_id)
    except JobUnknown as error:
        return str(error)
    return (
        f"this job is {record.status} and will not finish"
        if record.done and record.status != "finished"
        else None
    )
