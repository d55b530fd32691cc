"""Stored drawings that requests refer to."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from components.http.problems import BadFields, FieldError
from components.http.submissions import check_readable
from libraries.errors import InvalidInput, NotFound, Unavailable
from libraries.gallery import find_drawing
from libraries.gallery.arrivals import process_pending
from libraries.gallery.drawings import ID
from libraries.job_manager import current_owner, find_job
from libraries.uploads.staging import jobs_writing


class Source(NamedTuple):
    """A stored drawing for the task, and the ids of the jobs that must finish before it can be opened."""

    name: str
    after: tuple[str, ...] = ()


def find_source(source: str, *path: str) -> Source:
    """Return a drawing by the id of its job, by its `id` in the gallery, or by its path.

    `path` is the field of the request, by default `source`.

    Raises:
        BadFields: it does not exist, or is no drawing.
    """
    try:
        return _find_source(source)
    except (InvalidInput, NotFound) as error:
        where = path or ("source",)
        raise BadFields([FieldError(where, str(error), getattr(error, "hint", None))]) from None


def _find_source(source: str) -> Source:
    if "/" in source or "." in source:
        check_readable(source)
        return Source(source, jobs_writing([source]))
    if ID.fullmatch(source):
        # Without the broker, the index that lacks the newest drawings is used.
        with suppress(Unavailable):
            process_pending()
        return Source(f"output/{find_drawing(current_owner(), source).name}")
    job = find_job(source)
    if job.done and not any(one["media_type"] == "image/svg+xml" for one in job.artifacts):
        raise InvalidInput("this job stored no drawing")
    return Source(source, () if job.done else (source,))
