"""PNG previews of jobs."""

from __future__ import annotations

from flask import Response

from components.http.exports import (
    check_finished,
    expired_file,
    export_response,
    png_format,
    stored_drawing,
)
from libraries.errors import NotFound
from libraries.exporting.png import Png
from libraries.job_manager import JobRecord
from libraries.job_manager.job_drawings import first_drawing


def preview_response(record: JobRecord, params: Png) -> Response:
    """Return the first SVG of a job as PNG, or 304; raise NotFound (`no-drawing`) if it has none."""
    check_finished(record)
    artifact = first_drawing(record)
    if artifact is None:
        raise NotFound("this job made no drawing", code="no-drawing")
    try:
        return export_response(stored_drawing(artifact), png_format(), params)
    except NotFound:
        raise expired_file() from None
