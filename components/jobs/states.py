"""A job as clients see it."""

from __future__ import annotations

from components.http.problems import EdgeError
from libraries.job_manager import JobRecord, JobUnknown, find_job
from libraries.job_manager.control import was_there
from libraries.job_manager.representation import job_body, named_artifacts, shown_result

__all__ = ["JobExpired", "job_body", "named_artifacts", "seen_job", "shown_result"]


class JobExpired(EdgeError):
    """Raised when a job was known here, but its record is gone, or the file that it made is, or another lies in its place."""

    code = "job-expired"


def seen_job(job_id: str) -> JobRecord:
    """Return a job of the caller.

    Raises:
        JobUnknown: there is no such job, or it belongs to somebody else.
        JobExpired: it was the caller's, and its record is gone.
        QueueUnavailable: the broker cannot be reached.
    """
    try:
        return find_job(job_id)
    except JobUnknown:
        if was_there(job_id):
            raise JobExpired("this job was deleted, or its record has expired") from None
        raise
