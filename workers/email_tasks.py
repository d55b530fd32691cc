"""Tasks that send mail."""

from __future__ import annotations

from libraries.job_manager import attach, claim, current_job_id, find_job, report_progress
from libraries.job_manager.task_context import next_retry_delay_s
from libraries.json_types import JsonObject
from libraries.mailing import Post, admin_address, contact_letter, notice

# A mail server that is away comes back; each attempt carries the same Message-ID.
TRIES = 5
# Each call counts for its owner and for its recipients: `MAIL_PER_HOUR` and `MAIL_PER_RECIPIENT`.
METERED = "mail"


def send_notification(
    recipient: str,
    subject: str,
    template: str = "order_complete",
    context: JsonObject | None = None,
    attachments: list[str] | None = None,
) -> JsonObject:
    """Send a mail made from a template, and return what was sent and how.

    The result has `recipient`, `subject`, `template`, `message_id` and `delivered`: `smtp`, or `file` when no mail server is set;
    `file` is then the file's name below the output folder, as `output/mail/<name>.eml`. Another attempt of the job does not send
    again what the mail server took.

    Args:
        recipient: one plain address.
        subject: one line of 1 to 200 characters.
        template: the name of a mail template.
        context: values for the template.
        attachments: at most five ids of finished jobs, or names such as `output/drawings/a.svg`, 10 MB in all.
    """
    letter = notice(subject, template, context, attachments, _made_by)
    return Post(claim=claim, keep=attach, seed=current_job_id()).send(letter, recipient)


def send_batch(
    recipients: list[str],
    subject: str,
    template: str = "order_complete",
    context: JsonObject | None = None,
    attachments: list[str] | None = None,
) -> JsonObject:
    """Send a mail to up to 100 recipients, to each one of its own, and return what became of each.

    The result has `counts` and `items`, each with `recipient`, `state` (`sent`, `refused` for good, or `failed`) and perhaps
    `error`. When some failed, another attempt of the job sends to them alone.

    Args:
        recipients: plain addresses; a bad one is refused alone.
        subject: one line of 1 to 200 characters.
        template: the name of a mail template.
        context: values for the template.
        attachments: at most five ids of finished jobs, or names such as `output/drawings/a.svg`, 10 MB in all.
    """
    letter = notice(subject, template, context, attachments, _made_by)
    post = Post(claim=claim, keep=attach, seed=current_job_id())
    return post.send_to_each(
        letter, recipients, report=report_progress, last_try=next_retry_delay_s() is None
    )


def send_contact(name: str, email: str, message: str) -> JsonObject:
    """Send a message of a visitor to the people who run the service, at the setting `ADMIN_EMAIL`.

    The result says how it was delivered, and not to whom: it is shown to the visitor. Without a mail server the file stays.

    Args:
        name: one line of 1 to 100 characters.
        email: the visitor's address, to which an answer goes.
        message: 1 to 5000 characters.
    """
    # The file of a mail is not attached to the job either: whoever sees the job must not read the address there.
    post = Post(claim=claim, keep=lambda artifact: None, seed=current_job_id())
    return {
        "delivered": post.send(contact_letter(name, email, message), admin_address())["delivered"]
    }


def _made_by(job_id: str) -> list[JsonObject]:
    """Return the files that a job of the same owner made."""
    return find_job(job_id).artifacts
