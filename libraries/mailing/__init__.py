"""Mail: templates are data files, messages are checked before they exist, delivery is by SMTP or into a file."""

from libraries.mailing.addresses import (
    LONGEST_ADDRESS,
    LONGEST_SUBJECT,
    BadRecipient,
    BadSubject,
    check_address,
    check_subject,
)
from libraries.mailing.delivery import Delivery, MailRefused, MailServerAway, deliver
from libraries.mailing.messages import compose
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
    "LONGEST_ADDRESS",
    "LONGEST_SUBJECT",
    "TEMPLATES",
    "BadContext",
    "BadRecipient",
    "BadSubject",
    "Delivery",
    "MailRefused",
    "MailServerAway",
    "MailTemplate",
    "check_address",
    "check_context",
    "check_subject",
    "check_template",
    "compose",
    "deliver",
    "fill_template",
]
