"""POST /uploads."""

from __future__ import annotations

from typing import Any

from flask import Response

from components.files.upload_schemas import UploadSchema
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.idempotency import request_random
from components.http.multipart import UploadedFile, form_body, takes_file
from components.http.replies import accepted
from libraries.job_manager import enqueue_background_job
from libraries.uploads import KINDS, stem_of

blueprint = api_blueprint("uploads", __name__, "/uploads", "Send files for jobs to work on.")
STORE, TIMEOUT = "workers.upload_tasks.store_upload", "10m"
TAKEN = ", ".join(kind.name for kind in KINDS)


@blueprint.route("", access=Access.KEY, methods=["POST"])
@blueprint.doc(requestBody=form_body(description=f"A form with a file: {TAKEN}."))
@blueprint.response(202, UploadSchema)
@blueprint.problems(400, 413, 415)
@takes_file(KINDS)
@blueprint.queues()
def upload_file(received: UploadedFile) -> Response:
    """Send a file.

    It goes in the field `file` of a form, and may have 10 MB, unless the service is set otherwise. What it is, is told by its
    content: PNG, JPEG, WebP, GIF, SVG, CSV, TSV, JSON, NDJSON, XLSX and Parquet are taken.

    The reply names the path that the file will have, and does not wait until it is stored; the job does that. The path can be
    used at once: what works on it waits for that job.
    """
    token = f"{request_random().getrandbits(128):032x}"
    name = (
        f"{token[:2]}/{token[2:]}/{stem_of(received.name, otherwise='file')}{received.kind.suffix}"
    )
    job = enqueue_background_job(STORE, received.parcel.id, name, job_timeout=TIMEOUT)
    received.hand_to(job.id, f"uploads/{name}")
    told: dict[str, Any] = {
        "media_type": received.kind.media_type,
        "size": received.parcel.size,
        "sha256": received.parcel.sha256,
    }
    return accepted(job, "File queued for storing", file=f"uploads/{name}", **told)
