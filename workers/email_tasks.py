"""Tasks that send mail."""

from __future__ import annotations

from typing import Any

from libraries.job_manager import attach, current_job_id
from libraries.mailing import compose, deliver
from libraries.storage import output_folder

# A mail server that is away comes back; each attempt carries the same Message-ID.
TRIES = 5


def send_notification(
    recipient: str, subject: str, template: str = "order_complete", context: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Send a mail made from a template, and return what was sent and how.

    The result has `recipient`, `subject`, `template`, `message_id` and `delivered`: `smtp`, or `file` when no mail server is set;
    `file` is then the file's name below the output folder, as `output/mail/<name>.eml`.

    Args:
        recipient: one plain address.
        subject: one line of 1 to 200 characters.
        template: the name of a mail template.
        context: values for the template.
    """
    # A second attempt sends the same Message-ID, by which mail programs know a mail that they have.
    message = compose(recipient, subject, template, context, message_id_seed=current_job_id())
    delivery = deliver(message)
    receipt = {"recipient": recipient, "subject": subject, "template": template, "message_id": message["Message-ID"]}
    file = {"file": output_folder().shown(attach(delivery.artifact))} if delivery.artifact else {}
    return {**receipt, "delivered": delivery.by, **file}
