"""Files that jobs are to read: there, or sent a moment ago and on their way to the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from components.http.replies import Job
from libraries.errors import InvalidInput
from libraries.job_manager import JobOptions, submit
from libraries.storage import FileMissing, open_input
from libraries.uploads.staging import jobs_storing


def check_readable(path: str) -> None:
    """Raise an error of the storage if `path` is not a file that tasks may read, and no job is about to store it.

    Raises:
        QueueUnavailable: the file is not there, and the broker cannot be asked whether it will be.
    """
    try:
        open_input(path).close()
    except FileMissing:
        if not jobs_storing([path]):
            raise


def check_stored(path: str) -> None:
    """Raise InvalidInput if a job is still about to store the file `path`."""
    for job_id in jobs_storing([path]):
        raise InvalidInput(
            f"{path} is still being stored by the job {job_id}",
            field="file_path",
            hint="ask again when that job has finished",
        )


def submit_after_storing(
    task: str, kwargs: Mapping[str, Any], files: Iterable[str], *, timeout: str | None
) -> Job:
    """Queue a task behind the jobs that are about to store its files, and return its job.

    Raises:
        UnknownTask, BadArguments, QueueFull, QueueUnavailable: as `submit`.
    """
    return submit(
        task, kwargs=kwargs, options=JobOptions(job_timeout=timeout, depends_on=jobs_storing(files))
    )
