"""Routes of batches."""

from __future__ import annotations

from flask import Response

from components.batches.archive import archive_response
from components.batches.schemas import BatchAcceptedSchema, BatchStateSchema, SubmitBatchSchema
from components.batches.states import batch_body
from components.batches.submissions import batch_plan
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.conditional import etag_response
from components.http.parameters import documented, path_parameter
from components.http.replies import json_response
from components.http.submissions import BatchPlan
from libraries.job_manager import cancel_batch as cancel_waiting
from libraries.job_manager import fetch_batch
from libraries.json_types import JsonObject

blueprint = api_blueprint(
    "batches", __name__, "/batches", "Queue many jobs of one kind and follow them together."
)

BATCH_ID_PARAMETER = path_parameter(
    "batch_id", "The `batch_id` from the reply that queued the batch.", "^[A-Za-z0-9_-]{1,128}$"
)


@blueprint.submits(
    "", access=Access.KEY, body=SubmitBatchSchema, reply=BatchAcceptedSchema, jobs="the jobs"
)
def create_batch(body: JsonObject) -> BatchPlan:
    """Queue a batch.

    Each item is validated as by the route of the operation; the reply lists every error. Jobs are queued only if all items are
    valid and the queue has room for all of them. Queue options of an item override those of the batch.
    """
    return batch_plan(body)


@blueprint.route("/<batch_id>", access=Access.KEY, parameters=[BATCH_ID_PARAMETER])
@blueprint.response(200, BatchStateSchema, headers=documented("ETag", "Retry-After"))
@blueprint.problems(404, 503)
def get_batch(batch_id: str) -> Response:
    """Show a batch and each of its jobs.

    Poll again after `Retry-After` seconds; the header is absent once all jobs have ended.
    """
    batch = fetch_batch(batch_id)
    return etag_response(batch_body(batch), done=batch.done)


@blueprint.route("/<batch_id>/archive.zip", access=Access.TOKEN, parameters=[BATCH_ID_PARAMETER])
@blueprint.response(
    200,
    content_type="application/zip",
    schema={"type": "string", "format": "binary"},
    description="The files and a manifest",
    headers=documented("Content-Disposition"),
)
@blueprint.problems(404, 503)
def get_batch_archive(batch_id: str) -> Response:
    """Download all files of a batch as a zip.

    Contains the files of the jobs that have finished so far; wait until the batch is `done` to get all. `manifest.json` lists the
    state of every job and the name, size and SHA-256 of its files.
    """
    return archive_response(fetch_batch(batch_id))


@blueprint.route(
    "/<batch_id>/cancel", access=Access.KEY, methods=["POST"], parameters=[BATCH_ID_PARAMETER]
)
@blueprint.response(200, BatchStateSchema)
@blueprint.problems(404)
@blueprint.queues()
def cancel_batch(batch_id: str) -> Response:
    """Cancel the jobs of a batch that have not started.

    Running jobs continue; `POST /jobs/bulk` stops them.
    """
    return json_response(batch_body(cancel_waiting(batch_id)))
