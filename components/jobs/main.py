"""GET /jobs/<id> and GET /jobs/<id>/result."""

from __future__ import annotations

from typing import Any

from flask import Response

from components.http import api_blueprint
from components.jobs.results import result_response
from components.jobs.schemas import JobSchema, ResultQuerySchema
from components.jobs.states import find_job, job_response

blueprint = api_blueprint("jobs", __name__, "/jobs", "Follow a job by its id, and fetch what it made.")

JOB_ID_PARAMETER = {
    "in": "path",
    "name": "job_id",
    "description": "The `job_id` of the reply to the request that queued it.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,128}$"},
}
TEXT = {"schema": {"type": "string"}}


@blueprint.route("/<job_id>", parameters=[JOB_ID_PARAMETER])
@blueprint.response(200, JobSchema, headers={"ETag": TEXT, "Retry-After": TEXT})
@blueprint.problems(404, 503)
def get_job(job_id: str) -> Response:
    """Show a job.

    Ask again after the seconds that `Retry-After` names; it is there until the job is done. Send the `ETag` of the last answer as
    `If-None-Match`, and nothing new is answered with 304 and no body.
    """
    return job_response(find_job(job_id))


@blueprint.route("/<job_id>/result", parameters=[JOB_ID_PARAMETER])
@blueprint.arguments(ResultQuerySchema, location="query")
@blueprint.response(200, content_type="*/*", description="The file, or the JSON value that the task returned")
@blueprint.problems(404, 409, 410, 416, 503)
def get_job_result(query: dict[str, Any], job_id: str) -> Response:
    """Fetch what a finished job made.

    The first file of the job as it is, with a strong `ETag` and ranges; a job that made no file gives the value that its task
    returned, as JSON. While the job is not finished the answer is 409 with `job_status`. Pages of other origins can fetch the
    file, or show it with `<img crossorigin src=...>`.
    """
    return result_response(find_job(job_id), download=query["download"])
