"""POST /uploads."""

from __future__ import annotations

from components.files.upload_schemas import UploadSchema
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.forms import Form
from components.http.multipart import UploadedFile
from components.http.submissions import JobPlan
from libraries.json_types import JsonObject
from libraries.uploads import KINDS, largest_upload, limit_of

blueprint = api_blueprint("uploads", __name__, "/uploads", "Upload files for jobs.")


@blueprint.submits(
    "",
    access=Access.KEY,
    form=Form(KINDS, limit=largest_upload, limit_of=limit_of),
    reply=UploadSchema,
    task="workers.upload_tasks.store_upload",
    timeout="10m",
    message="File queued for storing",
    description=f"A form with a file: {', '.join(kind.name for kind in KINDS)}.",
)
def upload_file(body: JsonObject) -> JobPlan:
    """Upload a file.

    Send the file in the field `file` of a form; the default limit is 10 MB, and 20 MB for drawings (SVG, DXF, PDF, HP-GL,
    G-code). The type is detected from the content: photos, drawings and tables.

    A job stores the file. The path in the reply can be used immediately: jobs that read it wait for that job.
    """
    received: UploadedFile = body["file"]
    path = received.upload_name()
    return JobPlan(
        args=(received.staged.id, path),
        on_queued=lambda job_id: received.bind_to(job_id, f"uploads/{path}"),
        members={
            "file": f"uploads/{path}",
            "media_type": received.kind.media_type,
            "size": received.staged.size,
            "sha256": received.staged.sha256,
        },
    )
