"""Checks of the photo that a request names, before its job is queued."""

from __future__ import annotations

from components.files.photo_schemas import check_source
from components.http.problems import BadFields, FieldError
from components.http.submissions import check_readable
from libraries.errors import InvalidInput, NotFound
from libraries.job_manager import find_job
from libraries.uploads.staging import jobs_writing


def jobs_before(photo: str) -> tuple[str, ...]:
    """Return the ids of the jobs that have to finish before the photo can be opened.

    Args:
        photo: the id of the job that stores it, its path, or its URL.

    Raises:
        BadFields: there is no such job or file, the job stored no photo, or the URL is not asked.
        QueueUnavailable: the broker cannot be reached.
    """
    try:
        if "://" in photo:
            check_source(photo)
        elif "/" in photo or "." in photo:
            check_readable(photo)
            return jobs_writing([photo])
        else:
            return _job_before(photo)
    except (InvalidInput, NotFound) as error:
        raise BadFields(
            [FieldError(("photo",), str(error), getattr(error, "hint", None))]
        ) from None
    return ()


def _job_before(job_id: str) -> tuple[str, ...]:
    job = find_job(job_id)
    if not job.done:
        return (job_id,)
    if not any(one["media_type"].startswith("image/") for one in job.artifacts):
        raise InvalidInput("that job stored no photo")
    return ()
