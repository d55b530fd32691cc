"""The drawing that a job made, for whatever is made from it: pictures, contact sheets."""

from __future__ import annotations

from libraries.errors import Conflict, NotFound
from libraries.job_manager.control import find_job
from libraries.job_manager.records import JobRecord
from libraries.json_types import JsonObject
from libraries.storage import output_folder

SVG_TYPE = "image/svg+xml"


def first_drawing(record: JobRecord) -> JsonObject | None:
    """Return the record of the first SVG among the files that a job made, None if it made none."""
    return next((one for one in record.artifacts if one["media_type"] == SVG_TYPE), None)


def read_drawing(job_id: str) -> bytes:
    """Return the SVG that a job of the current owner made.

    Raises:
        JobUnknown: there is no such job.
        Conflict: it has not finished; the text says what became of it.
        NotFound: it made no SVG.
        NotFound: the file is gone, or another one lies in its place.
        QueueUnavailable, StorageUnavailable: the broker or the store cannot be reached.
    """
    record = find_job(job_id)
    if record.status != "finished":
        raise Conflict(record.public_error or f"the job is {record.status}", code="not-drawn")
    artifact = first_drawing(record)
    if artifact is None:
        raise NotFound("this job made no drawing", code="no-drawing")
    with output_folder().open_checked(artifact["name"], sha256=artifact["sha256"]) as file:
        return file.read()
