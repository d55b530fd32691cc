"""POST /contact."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.replies import AcceptedSchema, accepted
from components.mail.contact_schemas import ContactSchema
from libraries.job_manager import enqueue_background_job
from libraries.mailing import admin_address

blueprint = api_blueprint(
    "contact", __name__, "/contact", "Write to the people who run the service."
)
EXAMPLE = {"name": "Ann", "email": "ann@example.com", "message": "Could you plot on A2, too?"}


@blueprint.route("", access=Access.KEY, methods=["POST"])
@blueprint.arguments(ContactSchema, example=EXAMPLE)
@blueprint.response(202, AcceptedSchema)
@blueprint.queues()
def send_contact_message(contact: dict[str, str]) -> Response:
    """Queue a message to the people who run the service.

    It goes to the address of the setting `ADMIN_EMAIL` and to no other; an answer to it goes to `email`. Where the setting is
    empty, nobody would get it, and the reply is 503.
    """
    admin_address()
    return accepted(
        enqueue_background_job("workers.email_tasks.send_contact", **contact), "Message queued"
    )
