"""POST /emails."""

from __future__ import annotations

from typing import Any

from flask import Response

from components.emails.schemas import EmailsAcceptedSchema, EmailSchema
from components.http import accepted, api_blueprint
from components.operations import OPERATIONS, Operation
from libraries.job_manager import submit

blueprint = api_blueprint("emails", __name__, "/emails", "Send mail made from a template.")


def mail_calls(email: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the arguments of the jobs that send a mail, one for each recipient."""
    return [{**email, "recipient": address} for address in email["recipient"]]


SEND = OPERATIONS.add("email", Operation(task="workers.email_tasks.send_notification", schema=EmailSchema, calls=mail_calls))


@blueprint.route("", methods=["POST"])
@blueprint.arguments(EmailSchema)
@blueprint.response(202, EmailsAcceptedSchema)
@blueprint.queues()
def send_email(email: dict[str, Any]) -> Response:
    """Queue a mail, one job for each recipient.

    The template is filled once before anything is queued, so a value that it cannot use is refused here. No recipient
    sees another.
    """
    jobs = [submit(SEND.task, kwargs=call) for call in mail_calls(email)]
    return accepted(jobs[0], f"{len(jobs)} mail{'s' * (len(jobs) > 1)} queued", job_ids=[job.id for job in jobs])
