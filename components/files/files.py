"""POST /files/batch."""

from __future__ import annotations

from components.files.file_schemas import BatchSchema
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.submissions import JobPlan
from libraries.json_types import JsonObject

blueprint = api_blueprint("files", __name__, "/files", "Operations on many files.")


@blueprint.submits(
    "/batch",
    access=Access.KEY,
    name="file_batch",
    body=BatchSchema,
    task="workers.file_tasks.process_batch",
    inputs=lambda batch: batch["file_list"],
    timeout="20m",
    example={"file_list": ["uploads/data.csv"], "operation": "convert_to_json"},
)
def process_files(batch: JsonObject) -> JobPlan:
    """Queue one operation on many files, as one job.

    A missing or unreadable file does not fail the others; the job's result reports each file.
    """
    return JobPlan(kwargs=batch, message=f"Batch of {len(batch['file_list'])} queued")
