"""JSON representation of jobs, and the jobs that a caller may see."""

from __future__ import annotations

from components.http.problems import EdgeError
from libraries.job_manager import JobRecord, JobUnknown, find_job
from libraries.job_manager.control import existed
from libraries.job_manager.representation import job_body, named_artifacts, public_result

__all__ = ["job_body", "named_artifacts", "public_result", "visible_job"]


def expired_record() -> EdgeError:
    return EdgeError("this job was deleted or its record has expired", code="job-expired")


def visible_job(job_id: str) -> JobRecord:
    """Return a job of the caller.

    Raise EdgeError if it was deleted or has expired, JobUnknown if it never existed or has another owner.
    """
    try:
        return find_job(job_id)
    except JobUnknown:
        if existed(job_id):
            raise expired_record() from None
        raise
