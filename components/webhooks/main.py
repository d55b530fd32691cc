"""The routes of webhooks."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.replies import accepted, json_response
from components.webhooks.schemas import DeliveriesSchema, RedeliverySchema, SecretSchema
from libraries.webhooks import attempts, default_secret, redeliver

blueprint = api_blueprint(
    "webhooks", __name__, None, "Be told what becomes of a job, signed as Standard Webhooks has it."
)

JOB_ID_PARAMETER = {
    "in": "path",
    "name": "job_id",
    "description": "The `job_id` of the reply to the request that queued it.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,128}$"},
}
DELIVERY_ID_PARAMETER = {
    "in": "path",
    "name": "delivery_id",
    "description": "The `delivery_id` of one of the job's deliveries.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
}
TEXT = {"schema": {"type": "string"}}


@blueprint.route("/jobs/<job_id>/deliveries", access=Access.KEY, parameters=[JOB_ID_PARAMETER])
@blueprint.response(200, DeliveriesSchema)
@blueprint.problems(404, 503)
def get_deliveries(job_id: str) -> Response:
    """List what was sent to the webhook of a job.

    Each attempt is a line of its own, with what the receiver answered.
    """
    return json_response({"items": attempts(job_id)})


@blueprint.route(
    "/jobs/<job_id>/deliveries/<delivery_id>/redeliver",
    access=Access.KEY,
    methods=["POST"],
    parameters=[JOB_ID_PARAMETER, DELIVERY_ID_PARAMETER],
)
@blueprint.response(202, RedeliverySchema, headers={"Location": TEXT, "Retry-After": TEXT})
@blueprint.problems(404)
@blueprint.queues()
def redeliver_webhook(job_id: str, delivery_id: str) -> Response:
    """Send a message to the webhook of a job again.

    It keeps its id and its type, and shows the job as it stands when it is sent. `Location` names the job that sends it.
    """
    return accepted(redeliver(job_id, delivery_id), "Delivery queued", delivery_id=delivery_id)


@blueprint.route("/webhooks/secret", access=Access.KEY)
@blueprint.response(200, SecretSchema)
@blueprint.problems(503)
def get_webhook_secret() -> Response:
    """Show what your webhooks are signed with.

    A webhook that brings a `secret` of its own is signed with that instead.
    """
    return json_response({"secret": default_secret()})
