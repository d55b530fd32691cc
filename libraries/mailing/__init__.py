"""Mail: templates are data files, messages are checked before they exist, delivery is by SMTP or into a file."""

from libraries.mailing.addresses import (
    LONGEST_ADDRESS,
    LONGEST_NAME,
    LONGEST_SUBJECT,
    BadRecipient,
    check_address,
    check_name,
    check_subject,
)
from libraries.mailing.attachments import (
    LARGEST_TOTAL,
    MOST_ATTACHMENTS,
    Attachment,
    BadAttachment,
    check_attachments,
    find_attachments,
    read_attachments,
)
from libraries.mailing.contact import admin_address, contact_letter
from libraries.mailing.delivery import (
    Delivery,
    MailDeferred,
    MailRefused,
    MailServerAway,
    MailSession,
    deliver,
)
from libraries.mailing.messages import Letter, compose, write_letter
from libraries.mailing.notices import notice
from libraries.mailing.sending import MOST_RECIPIENTS, Post
from libraries.mailing.templates import (
    LARGEST_CONTEXT,
    TEMPLATES,
    BadContext,
    MailTemplate,
    check_context,
    check_template,
    fill_template,
)

__all__ = [
    "LARGEST_CONTEXT",
    "LARGEST_TOTAL",
    "LONGEST_ADDRESS",
    "LONGEST_NAME",
    "LONGEST_SUBJECT",
    "MOST_ATTACHMENTS",
    "MOST_RECIPIENTS",
    "TEMPLATES",
    "Attachment",
    "BadAttachment",
    "BadContext",
    "BadRecipient",
    "Delivery",
    "Letter",
    "MailDeferred",
    "MailRefused",
    "MailServerAway",
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
    "write_letter",
]
