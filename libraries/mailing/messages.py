"""Composition of mails: headers, text and HTML parts, inline picture and attachments."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP

from libraries.json_types import JsonObject
from libraries.mailing.addresses import check_address, check_name, check_subject
from libraries.mailing.attachments import Attachment
from libraries.mailing.templates import fill_template
from libraries.settings import MailSettings


@dataclass(frozen=True)
class Letter:
    """The contents of a mail without its recipient.

    `picture` is a PNG; `reply_to` is a name and an address.
    """

    subject: str
    template: str
    text: str
    html: str | None
    attachments: tuple[Attachment, ...] = ()
    picture: bytes | None = None
    reply_to: tuple[str, str] | None = None

    def to(self, recipient: str, *, message_id_seed: str | None = None) -> EmailMessage:
        """Return the mail for `recipient`, from the sender `MAIL_FROM`; raise InvalidInput for an invalid address.

        The Message-ID is derived from `message_id_seed` and the recipient, so that a second delivery
        after a crash is a recognizable duplicate; without a seed it is random.
        """
        check_address(recipient)
        sender = MailSettings.current().mail_from or "vector-api@localhost"
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(addr_spec=sender)
        message["To"] = Address(addr_spec=recipient)
        if self.reply_to is not None:
            message["Reply-To"] = Address(self.reply_to[0], addr_spec=self.reply_to[1])
        message["Subject"] = self.subject
        message["Date"] = datetime.now(UTC)
        message["Message-ID"] = _message_id(recipient, sender, message_id_seed)
        # RFC 3834: keeps automatic responders from replying.
        message["Auto-Submitted"] = "auto-generated"
        self._fill(message)
        return message

    def _fill(self, message: EmailMessage) -> None:
        # Quoted-printable allows any character and any line length.
        message.set_content(self.text, cte="quoted-printable")
        if self.html is not None:
            message.add_alternative(self.html, subtype="html", cte="quoted-printable")
            if self.picture is not None:
                page = message.get_body(("html",))
                if isinstance(page, MIMEPart):
                    page.add_related(
                        self.picture,
                        "image",
                        "png",
                        cid="<drawing@picture>",
                        filename="drawing.png",
                        disposition="inline",
                    )
        for one in self.attachments:
            kind, parameters = _content_type(one.media_type)
            message.add_attachment(one.data, *kind, filename=one.name, params=parameters)


def write_letter(
    subject: str,
    template: str = "order_complete",
    context: JsonObject | None = None,
    *,
    attachments: Sequence[Attachment] = (),
    picture: bytes | None = None,
    reply_to: tuple[str, str] | None = None,
) -> Letter:
    """Return the letter that `template` produces from `context` (JSON values) and `subject` (one line).

    `reply_to` is a name and an address; the default is the sender. Raises InvalidInput, BadContext or
    UnknownName with the field.
    """
    check_subject(subject)
    if reply_to is not None:
        check_name(reply_to[0])
        check_address(reply_to[1], field="email")
    text, html = fill_template(
        template, context, subject=subject, picture="cid:drawing@picture" if picture else ""
    )
    return Letter(subject, template, text, html, tuple(attachments), picture, reply_to)


def compose(
    recipient: str,
    subject: str,
    template: str = "order_complete",
    context: JsonObject | None = None,
    *,
    message_id_seed: str | None = None,
) -> EmailMessage:
    """Return the mail for `recipient` as `write_letter` and `Letter.to` compose it; raise their errors."""
    check_address(recipient)
    return write_letter(subject, template, context).to(recipient, message_id_seed=message_id_seed)


def _message_id(recipient: str, sender: str, seed: str | None) -> str:
    unique = (
        secrets.token_hex(16)
        if seed is None
        else hashlib.sha256(f"{seed}\0{recipient}".encode()).hexdigest()[:32]
    )
    return f"<{unique}@{sender.rpartition('@')[2]}>"


def _content_type(media_type: str) -> tuple[tuple[str, str], dict[str, str]]:
    """Return `text/csv; charset=utf-8` as `("text", "csv")` and `{"charset": "utf-8"}`."""
    kind, *words = (word.strip() for word in media_type.split(";"))
    main, _, sub = kind.partition("/")
    # RFC 2046, section 5.2.1: such parts may not be encoded, and not every server accepts them
    # unencoded.
    if main in ("message", "multipart") or not sub:
        main, sub = "application", "octet-stream"
    return (main, sub), dict(word.split("=", 1) for word in words if "=" in word)
