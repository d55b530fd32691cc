"""The contact form: a message of a visitor to the people who run the service."""

from __future__ import annotations

from libraries.errors import Unavailable
from libraries.mailing.messages import Letter, write_letter
from libraries.settings import MailSettings


def admin_address() -> str:
    """Return where mail to the people who run the service goes: the setting `ADMIN_EMAIL`.

    Raises:
        Unavailable: it is empty.
    """
    address = MailSettings.current().admin_email
    if not address:
        raise Unavailable(
            "nobody would get this message: whoever runs the service has to set ADMIN_EMAIL",
            code="no-contact-address",
        )
    return address


def contact_letter(name: str, email: str, message: str) -> Letter:
    """Return a message as a mail that is answered to `email`.

    Args:
        name: one line of 1 to 100 characters.
        email: one plain address.
        message: 1 to 5000 characters.

    Raises:
        InvalidInput, BadContext: the value is not usable; the error names the field.
    """
    context = {"name": name, "email": email, "message": message}
    return write_letter(
        "A message from the contact form", "contact", context, reply_to=(name, email)
    )
