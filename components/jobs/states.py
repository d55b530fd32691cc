"""A job as clients see it."""

from __future__ import annotations

from components.http.problems import EdgeError
from libraries.job_manager import JobRecord, JobUnknown, find_job
from libraries.job_manager.control import existed
from libraries.job_manager.representation import job_body, named_artifacts, public_result

__all__ = ["JobExpired", "job_body", "named_artifacts", "public_result", "seen_job"]


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
        if existed(job_id):
            raise JobExpired("this job was deleted, or its record has expired") from None
        raise
