"""POST /data/process."""

from __future__ import annotations

from typing import Any

from flask import Response

from components.data.schemas import DataFileSchema
from components.http import AcceptedSchema, accepted, api_blueprint
from libraries.job_manager import enqueue_background_job

blueprint = api_blueprint("data", __name__, "/data", "Convert data files: CSV to JSON and back.")
PROCESS, TIMEOUT = "workers.data_tasks.process_file", "15m"


@blueprint.route("/process", methods=["POST"])
@blueprint.arguments(DataFileSchema)
@blueprint.response(202, AcceptedSchema)
@blueprint.queues()
def process_data(data_file: dict[str, Any]) -> Response:
    """Queue the conversion of a data file.

    The job's result tells how many rows were kept and which were not, and why; `GET /jobs/<id>/result` is the new file.
    """
    return accepted(enqueue_background_job(PROCESS, job_timeout=TIMEOUT, **data_file), "File queued for conversion")
