"""Request schema of `POST /contact`."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length

from components.http.validators import library_check
from libraries.mailing import (
    MAX_ADDRESS_CHARS,
    MAX_SENDER_NAME_CHARS,
    TEMPLATES,
    check_address,
    check_name,
)

MAX_MESSAGE_CHARS = next(
    one.longest for one in TEMPLATES["contact"].fields if one.name == "message"
)


class ContactSchema(Schema):
    """A message to the operator."""

    name = fields.String(
        required=True,
        validate=[Length(1, MAX_SENDER_NAME_CHARS), library_check(check_name)],
        metadata={"description": "Name of the sender, in one line.", "example": "Ann"},
    )
    email = fields.String(
        required=True,
        validate=[Length(1, MAX_ADDRESS_CHARS), library_check(check_address)],
        metadata={
            "description": "Reply address.",
            "format": "email",
            "example": "ann@example.com",
        },
    )
    message = fields.String(
        required=True,
        validate=Length(1, MAX_MESSAGE_CHARS),
        metadata={"description": "Message.", "example": "Could you plot on A2, too?"},
    )
