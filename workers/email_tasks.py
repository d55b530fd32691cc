"""Tasks that send mail."""

from __future__ import annotations

from libraries.job_manager import attach, claim, current_job_id, find_job, report_progress
from libraries.job_manager.task_context import next_retry_delay_s
from libraries.json_types import JsonObject
from libraries.mailing import Post, admin_address, contact_letter, notice

# Enough for an outage of the mail server; all attempts have the same Message-ID.
TRIES = 5
# Limited by `MAIL_PER_HOUR` for the owner and `MAIL_PER_RECIPIENT`.
METERED = "mail"


def send_notification(
    recipient: str,
    subject: str,
    template: str = "order_complete",
    context: JsonObject | None = None,
    attachments: list[str] | None = None,
) -> JsonObject:
    """Send a mail made from a template.

    The result has `recipient`, `subject`, `template`, `message_id` and `delivered`: `smtp`, or
    `file` without a mail server; then `file` is its name, `output/mail/<name>.eml`. A retry does
    not repeat a sent mail.

    Args:
        recipient: one plain address.
        subject: one line of 1 to 200 characters.
        template: name of a mail template.
        context: variables of the template.
        attachments: up to five job ids or names such as `output/drawings/a.svg`, 10 MB in total.
    """
    letter = notice(subject, template, context, attachments, _artifacts_of)
    return Post(claim=claim, keep=attach, seed=current_job_id()).send(letter, recipient)


def send_batch(
    recipients: list[str],
    subject: str,
    template: str = "order_complete",
    context: JsonObject | None = None,
    attachments: list[str] | None = None,
) -> JsonObject:
    """Send a separate mail to each of up to 100 recipients.

    The result has `counts` and `items`, each with `recipient`, `state` (`sent`, `refused`
    permanently, or `failed`) and perhaps `error`. A retry sends only the failed mails.

    Args:
        recipients: plain addresses.
        subject: one line of 1 to 200 characters.
        template: name of a mail template.
        context: variables of the template.
        attachments: up to five job ids or names such as `output/drawings/a.svg`, 10 MB in total.
    """
    letter = notice(subject, template, context, attachments, _artifacts_of)
    post = Post(claim=claim, keep=attach, seed=current_job_id())
    return post.send_to_each(
        letter, recipients, report=report_progress, last_try=next_retry_delay_s() is None
    )


def send_contact(name: str, email: str, message: str) -> JsonObject:
    """Send a visitor's message to the setting `ADMIN_EMAIL`.

    The result has `delivered` but no address, because the visitor can read it.

    Args:
        name: one line of 1 to 100 characters.
        email: address for the reply.
        message: 1 to 5000 characters.
    """
    # The mail is not attached to the job, whose reader must not see the address.
    post = Post(claim=claim, keep=lambda artifact: None, seed=current_job_id())
    return {
        "delivered": post.send(contact_letter(name, email, message), admin_address())["delivered"]
    }


def _artifacts_of(job_id: str) -> list[JsonObject]:
    return find_job(job_id).artifacts
