"""A mail as an object: checked headers, a text part and an HTML part."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from libraries.mailing.addresses import check_address, check_subject
from libraries.mailing.templates import fill_template
from libraries.settings import get_settings

DEFAULT_SENDER = "vector-api@localhost"


def compose(
    recipient: str,
    subject: str,
    template: str = "order_complete",
    context: dict[str, Any] | None = None,
    *,
    message_id_seed: str | None = None,
) -> EmailMessage:
    """Return the mail that `template` makes for `recipient`, ready to be delivered.

    The template sees the values of `context` and the `subject`. The sender is the setting `MAIL_FROM`.

    Args:
        recipient: one plain address.
        subject: one line of 1 to 200 characters.
        template: the name of a template.
        context: values for the template, JSON only.
        message_id_seed: if given (a job's id, say), the Message-ID follows from it and the recipient, so that a mail that is
            sent twice after a crash is known as one mail. Without it the Message-ID is random.

    Raises:
        BadRecipient, BadSubject, BadContext: the value is not usable; the error names the field.
        UnknownName: there is no such template.
    """
    check_address(recipient)
    check_subject(subject)
    text, html = fill_template(template, context, subject=subject)
    sender = get_settings().mail_from or DEFAULT_SENDER
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(addr_spec=sender)
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = subject
    message["Date"] = datetime.now(UTC)
    message["Message-ID"] = _message_id(recipient, sender, message_id_seed)
    # RFC 3834: tells holiday responders not to answer.
    message["Auto-Submitted"] = "auto-generated"
    # Quoted-printable carries any character and any line length through any server.
    message.set_content(text, cte="quoted-printable")
    if html is not None:
        message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message


def _message_id(recipient: str, sender: str, seed: str | None) -> str:
    unique = secrets.token_hex(16) if seed is None else hashlib.sha256(f"{seed}\0{recipient}".encode()).hexdigest()[:32]
    return f"<{unique}@{sender.rpartition('@')[2]}>"
