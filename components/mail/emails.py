"""POST /emails."""

from __future__ import annotations

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.problems import BadFields, field_errors_of
from components.http.submissions import JobPlan
from components.mail.email_schemas import EmailSchema
from libraries.errors import InvalidInput
from libraries.job_manager import find_job
from libraries.json_types import JsonObject
from libraries.mailing import find_attachments

blueprint = api_blueprint("emails", __name__, "/emails", "Mail from templates.")
TO_MANY = "workers.email_tasks.send_batch"


def mail_calls(email: JsonObject) -> list[JsonObject]:
    """Return the arguments of the send task for each recipient; raises as `common_arguments`."""
    common = common_arguments(email)
    return [{"recipient": address, **common} for address in email["recipient"]]


def common_arguments(email: JsonObject) -> JsonObject:
    """Return the arguments common to all recipients; raise BadFields if attachments are missing or too large."""
    common = {name: email[name] for name in ("subject", "template", "context")}
    if not email["attachments"]:
        return common
    try:
        find_attachments(email["attachments"], lambda job_id: find_job(job_id).artifacts)
    except InvalidInput as error:
        if error.code != "bad-attachment":
            raise
        raise BadFields(field_errors_of(error)) from error
    return {**common, "attachments": email["attachments"]}


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
def send_email(email: JsonObject) -> JobPlan:
    """Queue a mail to up to 100 recipients.

    Each recipient gets a separate mail. With several recipients, the job's result reports each delivery; a rejected address does
    not affect the others. The template is rendered once before the job is queued, so invalid values are rejected immediately.
    `GET /templates` lists the templates and their fields.

    Hourly limits apply to each owner and each address; requests that exceed them get 429.
    """
    recipients = email["recipient"]
    if len(recipients) == 1:
        return JobPlan(kwargs=mail_calls(email)[0])
    return JobPlan(
        task=TO_MANY,
        kwargs={"recipients": recipients, **common_arguments(email)},
        timeout="15m",
        message=f"{len(recipients)} mails queued",
    )
