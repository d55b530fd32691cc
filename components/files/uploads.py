"""POST /uploads."""

from __future__ import annotations

from components.files.upload_schemas import UploadSchema
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.idempotency import request_random
from components.http.multipart import UploadedFile
from components.http.submissions import JobPlan
from libraries.uploads import KINDS, stem_of

blueprint = api_blueprint("uploads", __name__, "/uploads", "Send files for jobs to work on.")


@blueprint.submits(
    "",
    access=Access.KEY,
    files=KINDS,
    reply=UploadSchema,
    task="workers.upload_tasks.store_upload",
    timeout="10m",
    message="File queued for storing",
    description=f"A form with a file: {', '.join(kind.name for kind in KINDS)}.",
)
def upload_file(received: UploadedFile) -> JobPlan:
    """Send a file.

    It goes in the field `file` of a form, and may have 10 MB, unless the service is set otherwise. What it is, is told by its
    content: PNG, JPEG, WebP, GIF, SVG, CSV, TSV, JSON, NDJSON, XLSX and Parquet are taken.

    The reply names the path that the file will have, and does not wait until it is stored; the job does that. The path can be
    used at once: what works on it waits for that job.
    """
    token = f"{request_random().getrandbits(128):032x}"
    stem = stem_of(received.name, otherwise="file")
    name = f"{token[:2]}/{token[2:]}/{stem}{received.kind.suffix}"
    return JobPlan(
        args=(received.staged.id, name),
        on_queued=lambda job_id: received.bind_to(job_id, f"uploads/{name}"),
        members={
            "file": f"uploads/{name}",
            "media_type": received.kind.media_type,
            "size": received.staged.size,
            "sha256": received.staged.sha256,
        },
    )
