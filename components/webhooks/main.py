"""Routes of webhooks."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.parameters import JOB_ID_PARAMETER, documented, path_parameter
from components.http.replies import accepted, json_response
from components.webhooks.schemas import DeliveriesSchema, RedeliverySchema, SecretSchema
from libraries.settings import Scope
from libraries.webhooks import attempts, default_secret, redeliver

blueprint = api_blueprint(
    "webhooks",
    __name__,
    None,
    "Receive job status changes as webhooks signed according to Standard Webhooks.",
)

DELIVERY_ID_PARAMETER = path_parameter(
    "delivery_id", "The `delivery_id` of one of the job's deliveries.", "^[A-Za-z0-9_-]{1,64}$"
)


@blueprint.route("/jobs/<job_id>/deliveries", access=Access.KEY, parameters=[JOB_ID_PARAMETER])
@blueprint.response(200, DeliveriesSchema)
@blueprint.problems(404, 503)
def get_deliveries(job_id: str) -> Response:
    """List the delivery attempts to the webhook of a job, with the responses."""
    return json_response({"items": attempts(job_id)})


@blueprint.route(
    "/jobs/<job_id>/deliveries/<delivery_id>/redeliver",
    access=Access.KEY,
    methods=["POST"],
    parameters=[JOB_ID_PARAMETER, DELIVERY_ID_PARAMETER],
)
@blueprint.response(202, RedeliverySchema, headers=documented("Location", "Retry-After"))
@blueprint.problems(404)
@blueprint.queues()
def redeliver_webhook(job_id: str, delivery_id: str) -> Response:
    """Send a message to the webhook of a job again.

    The message keeps its id and type, and contains the current state of the job. `Location` is the job that sends it.
    """
    return accepted(redeliver(job_id, delivery_id), "Delivery queued", delivery_id=delivery_id)


@blueprint.route("/webhooks/secret", access=Access.KEY, scope=Scope.DRAW)
@blueprint.response(200, SecretSchema)
@blueprint.problems(503)
def get_webhook_secret() -> Response:
    """Show the secret that signs your webhooks.

    Webhooks submitted with a `secret` are signed with that one instead.
    """
    return json_response({"secret": default_secret()})
