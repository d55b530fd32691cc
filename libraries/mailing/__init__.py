"""Email: templates, checked messages, and delivery by SMTP or to a file."""

from libraries.mailing.addresses import (
    MAX_ADDRESS_CHARS,
    MAX_SENDER_NAME_CHARS,
    MAX_SUBJECT_CHARS,
    check_address,
    check_name,
    check_subject,
)
from libraries.mailing.attachments import (
    MAX_ATTACHMENTS,
    MAX_ATTACHMENTS_BYTES,
    Attachment,
    check_attachments,
    find_attachments,
    read_attachments,
)
from libraries.mailing.contact import admin_address, contact_letter
from libraries.mailing.delivery import Delivery, MailSession, deliver
from libraries.mailing.messages import Letter, compose
from libraries.mailing.notices import notice
from libraries.mailing.sending import MAX_RECIPIENTS, Post
from libraries.mailing.templates import (
    MAX_CONTEXT_BYTES,
    TEMPLATES,
    BadContext,
    MailTemplate,
    check_context,
    check_template,
    fill_template,
)

__all__ = [
    "MAX_ADDRESS_CHARS",
    "MAX_ATTACHMENTS",
    "MAX_ATTACHMENTS_BYTES",
    "MAX_CONTEXT_BYTES",
    "MAX_RECIPIENTS",
    "MAX_SENDER_NAME_CHARS",
    "MAX_SUBJECT_CHARS",
    "TEMPLATES",
    "Attachment",
    "BadContext",
    "Delivery",
    "Letter",
    "MailSession",
    "MailTemplate",
    "Post",
    "admin_address",
    "check_address",
    "check_attachments",
    "check_context",
    "check_name",
    "check_subject",
    "check_template",
    "compose",
    "contact_letter",
    "deliver",
    "fill_template",
    "find_attachments",
    "notice",
    "read_attachments",
]
