"""What a job drew, as a picture."""

from __future__ import annotations

import hashlib
from http import HTTPStatus

from flask import Response, request

from components.http.pages import FILE_HEADERS
from components.http.problems import EdgeError
from components.jobs.results import check_finished
from libraries.errors import NotFound
from libraries.job_manager import JobRecord, NoDrawing, drawing_in
from libraries.previews import preview

PNG_TYPE = "image/png"


def preview_response(record: JobRecord, *, width: int, paper: str) -> Response:
    """Return the first SVG that a job made as a PNG of `width` pixels, or 304 to a client that has it.

    Raises:
        Conflict: there is no result, or not yet.
        NoDrawing: the job made no SVG.
        EdgeError: the file is gone, or another one lies in its place.
        DrawingTooLarge, BadPreview: it is more than is drawn for a preview.
        PreviewsBusy: others are being drawn.
        StorageAway: the store of files does not answer.
    """
    check_finished(record)
    artifact = drawing_in(record)
    if artifact is None:
        raise NoDrawing("this job made no drawing")
    response = Response(
        content_type=PNG_TYPE, headers=FILE_HEADERS | {"Cache-Control": "private, no-cache"}
    )
    # The same drawing in the same size is the same picture: whoever has it need not wait for it to be drawn.
    response.set_etag(
        hashlib.sha256(f"{artifact['sha256']} {width} {paper.lower()}".encode()).hexdigest()
    )
    response.make_conditional(request)
    if response.status_code != HTTPStatus.NOT_MODIFIED:
        try:
            response.set_data(preview(artifact, width, paper=paper.lower()))
        except NotFound:
            raise EdgeError(
                "the file that this job made is no longer there", code="job-expired"
            ) from None
    return response
