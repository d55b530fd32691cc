"""Drawings of jobs, as input of previews and contact sheets."""

from __future__ import annotations

from libraries.errors import Conflict, NotFound
from libraries.job_manager.control import find_job
from libraries.job_manager.records import JobRecord
from libraries.json_types import JsonObject
from libraries.storage import output_folder


def first_drawing(record: JobRecord) -> JsonObject | None:
    """Return the record of the first SVG among a job's files, None if there is none."""
    return next((one for one in record.artifacts if one["media_type"] == "image/svg+xml"), None)


def read_drawing(job_id: str) -> bytes:
    """Return the SVG of a finished job of the current owner.

    Raises JobUnknown, Conflict if the job has not finished, NotFound if it made no SVG or the file
    is missing or was replaced, or StorageUnavailable.
    """
    record = find_job(job_id)
    if record.status != "finished":
        raise Conflict(record.public_error or f"the job is {record.status}", code="not-drawn")
    artifact = first_drawing(record)
    if artifact is None:
        raise NotFound("this job made no drawing", code="no-drawing")
    with output_folder().open_checked(artifact["name"], sha256=artifact["sha256"]) as file:
        return file.read()
