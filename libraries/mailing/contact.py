"""Messages of the contact form to the operator."""

from __future__ import annotations

from libraries.errors import Unavailable
from libraries.mailing.messages import Letter, write_letter
from libraries.settings import MailSettings


def admin_address() -> str:
    """Return the address of the operator, the setting `ADMIN_EMAIL`; raise Unavailable if it is not set."""
    address = MailSettings.current().admin_email
    if not address:
        raise Unavailable(
            "ADMIN_EMAIL is not set, so contact messages cannot be delivered",
            code="no-contact-address",
        )
    return address


def contact_letter(name: str, email: str, message: str) -> Letter:
    """Return a letter with a message of 1 to 5,000 characters; replies go to `name` at `email`."""
    context = {"name": name, "email": email, "message": message}
    return write_letter(
        "A message from the contact form", "contact", context, reply_to=(name, email)
    )
