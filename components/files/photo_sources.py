"""Validation of the photo that a request refers to."""

from __future__ import annotations

from components.files.photo_schemas import check_source
from components.http.problems import BadFields, FieldError
from components.http.submissions import check_readable
from libraries.errors import InvalidInput, NotFound
from libraries.job_manager import find_job
from libraries.uploads.staging import jobs_writing


def jobs_before(photo: str) -> tuple[str, ...]:
    """Return the ids of the jobs that must finish before the photo can be opened.

    `photo` is the id of the job that stores it, its path or its URL. Raise BadFields if it does not exist or is not allowed.
    """
    try:
        return _jobs_before(photo)
    except (InvalidInput, NotFound) as error:
        hint = getattr(error, "hint", None)
        raise BadFields([FieldError(("photo",), str(error), hint)]) from None


def _jobs_before(photo: str) -> tuple[str, ...]:
    if "://" in photo:
        check_source(photo)
        return ()
    if "/" in photo or "." in photo:
        check_readable(photo)
        return jobs_writing([photo])
    job = find_job(photo)
    if not job.done:
        return (photo,)
    if not any(one["media_type"].startswith("image/") for one in job.artifacts):
        raise InvalidInput("this job stored no photo")
    return ()
