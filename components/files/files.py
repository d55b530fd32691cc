"""POST /files/batch."""

from __future__ import annotations

from typing import Any

from flask import Response

from components.files.file_schemas import BatchSchema
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.input_files import submit_after_storing
from components.http.replies import AcceptedSchema, accepted

blueprint = api_blueprint("files", __name__, "/files", "Do the same to many files.")
PROCESS, TIMEOUT = "workers.file_tasks.process_batch", "20m"


@blueprint.route("/batch", access=Access.KEY, methods=["POST"])
@blueprint.arguments(BatchSchema)
@blueprint.response(202, AcceptedSchema)
@blueprint.queues()
def process_files(batch: dict[str, Any]) -> Response:
    """Queue one operation on many files, as one job.

    A file that is missing or cannot be processed fails alone: the job's result tells what became of each.
    """
    files = batch["file_list"]
    return accepted(
        submit_after_storing(PROCESS, batch, files, timeout=TIMEOUT),
        f"Batch of {len(files)} queued",
    )
