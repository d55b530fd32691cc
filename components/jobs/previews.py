"""What a job drew, as a picture."""

from __future__ import annotations

from flask import Response

from components.http.exports import export_response, png_format
from components.http.problems import EdgeError
from components.jobs.results import check_finished, stored_drawing
from libraries.errors import NotFound
from libraries.exporting.png import Png
from libraries.job_manager import JobRecord
from libraries.job_manager.job_drawings import first_drawing


def preview_response(record: JobRecord, params: Png) -> Response:
    """Return the first SVG that a job made as a PNG, or 304 to a client that has it.

    Raises:
        Conflict: there is no result, or not yet.
        NotFound: the job made no SVG (`no-drawing`).
        EdgeError: the file is gone, or another one is in its place.
        InvalidInput, Exhausted, StorageUnavailable: see `export_stored`.
    """
    check_finished(record)
    artifact = first_drawing(record)
    if artifact is None:
        raise NotFound("this job made no drawing", code="no-drawing")
    try:
        return export_response(stored_drawing(artifact), png_format(), params)
    except NotFound:
        raise EdgeError(
            "the file that this job made is no longer there", code="job-expired"
        ) from None
