"""POST /contact."""

from __future__ import annotations

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.forms import Form
from components.mail.contact_schemas import ContactSchema
from libraries.json_types import JsonObject
from libraries.mailing import admin_address

blueprint = api_blueprint("contact", __name__, "/contact", "Messages to the operator.")


@blueprint.submits(
    "",
    access=Access.KEY,
    name="contact",
    body=ContactSchema,
    form=Form(),
    task="workers.email_tasks.send_contact",
    message="Message queued",
    example={"name": "Ann", "email": "ann@example.com", "message": "Could you plot on A2, too?"},
)
def send_contact_message(contact: JsonObject) -> JsonObject:
    """Queue a message to the operator of the service.

    The message is sent to `ADMIN_EMAIL`, with `email` as the reply address. If the setting is empty, the reply is 503.
    The fields may also be sent as a form; a browser is then redirected to the page of the job.
    """
    admin_address()
    return contact
