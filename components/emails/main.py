"""POST /emails."""

from __future__ import annotations

from typing import Any

from flask import Response

from components.emails.schemas import EmailsAcceptedSchema, EmailSchema
from components.http import accepted, api_blueprint
from libraries.job_manager import enqueue_background_job

blueprint = api_blueprint("emails", __name__, "/emails", "Send mail made from a template.")
SEND = "workers.email_tasks.send_notification"


@blueprint.route("", methods=["POST"])
@blueprint.arguments(EmailSchema)
@blueprint.response(202, EmailsAcceptedSchema)
@blueprint.problems(503)
def send_email(email: dict[str, Any]) -> Response:
    """Queue a mail, one job for each recipient.

    The template is filled once before anything is queued, so a value that it cannot use is refused here. No recipient
    sees another.
    """
    recipients = email.pop("recipient")
    jobs = [enqueue_background_job(SEND, recipient=address, **email) for address in recipients]
    return accepted(jobs[0], f"{len(jobs)} mail{'s' * (len(jobs) > 1)} queued", job_ids=[job.id for job in jobs])
