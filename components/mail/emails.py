"""POST /emails."""

from __future__ import annotations

from typing import Any

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.problems import BadFields, field_errors_of
from components.http.submissions import JobPlan
from components.mail.email_schemas import EmailSchema
from libraries.errors import InvalidInput
from libraries.job_manager import find_job
from libraries.mailing import find_attachments

blueprint = api_blueprint("emails", __name__, "/emails", "Send mail made from a template.")
TO_MANY = "workers.email_tasks.send_batch"


def mail_calls(email: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the arguments of the jobs that send a mail, one for each recipient, once its attachments are known to be there.

    Raises:
        BadFields: an attachment is not there, or they are too large.
    """
    letter = checked_letter(email)
    return [{"recipient": address, **letter} for address in email["recipient"]]


def checked_letter(email: dict[str, Any]) -> dict[str, Any]:
    """Return what is the same for all recipients.

    Raises:
        BadFields: an attachment is not there, or they are too large.
    """
    letter = {name: email[name] for name in ("subject", "template", "context")}
    if not email["attachments"]:
        return letter
    try:
        find_attachments(email["attachments"], lambda job_id: find_job(job_id).artifacts)
    except InvalidInput as error:
        if error.code != "bad-attachment":
            raise
        raise BadFields(field_errors_of(error)) from error
    return {**letter, "attachments": email["attachments"]}


@blueprint.submits(
    "",
    access=Access.KEY,
    name="email",
    body=EmailSchema,
    task="workers.email_tasks.send_notification",
    other_tasks=(TO_MANY,),
    split=mail_calls,
    message="Mail queued",
    example={
        "recipient": "ann@example.com",
        "subject": "Your order is ready",
        "template": "order_complete",
        "context": {"name": "Ann", "order": "A-17"},
    },
)
def send_email(email: dict[str, Any]) -> JobPlan:
    """Queue a mail to one recipient, or to up to 100.

    Each gets a mail of their own and sees no other. The result of a mail to several says what became of each; one bad address
    spoils nothing for the others. The template is filled once before anything is queued, so a value that it cannot use is
    refused here. `GET /templates` lists the templates and their fields.

    There are limits an hour, for each owner and for each address; what goes beyond them is answered with 429.
    """
    recipients = email["recipient"]
    if len(recipients) == 1:
        return JobPlan(kwargs=mail_calls(email)[0])
    return JobPlan(
        task=TO_MANY,
        kwargs={"recipients": recipients, **checked_letter(email)},
        timeout="15m",
        message=f"{len(recipients)} mails queued",
    )
