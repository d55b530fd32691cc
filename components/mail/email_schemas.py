"""What the mail route takes and gives."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length

from components.http.validators import library_check
from libraries.errors import InvalidInput
from libraries.mailing import (
    MAX_ADDRESS_CHARS,
    MAX_ATTACHMENTS,
    MAX_CONTEXT_BYTES,
    MAX_RECIPIENTS,
    MAX_SUBJECT_CHARS,
    TEMPLATES,
    BadContext,
    check_address,
    check_attachments,
    check_context,
    check_subject,
    check_template,
    fill_template,
)

ADDRESS = {"type": "string", "format": "email", "maxLength": MAX_ADDRESS_CHARS}


class Recipients(fields.Raw):
    """One address, or a list of 1 to 100 different ones; loaded as a list."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        addresses = value if isinstance(value, list) else [value]
        if not 1 <= len(addresses) <= MAX_RECIPIENTS:
            raise ValidationError(f"Must be one address or a list of 1 to {MAX_RECIPIENTS}.")
        problems = _address_problems(addresses)
        if problems:
            raise ValidationError(problems if isinstance(value, list) else problems[0])
        return addresses


def _address_problems(addresses: list[Any]) -> dict[int, list[str]]:
    problems: dict[int, list[str]] = {}
    seen: set[str] = set()
    for place, address in enumerate(addresses):
        try:
            key = check_address(address).lower()
        except InvalidInput as error:
            problems[place] = [str(error)]
            continue
        if key in seen:
            problems[place] = ["This address stands in the list already."]
        seen.add(key)
    return problems


class Attachments(fields.Raw):
    """A list of what `check_attachments` lets pass."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        try:
            return check_attachments(value)
        except InvalidInput as error:
            place = (error.field or "").rpartition(".")[2]
            raise ValidationError(
                {int(place): [str(error)]} if place.isdecimal() else [str(error)]
            ) from None


class EmailSchema(Schema):
    """A mail to send."""

    recipient = Recipients(
        required=True,
        metadata={
            "description": "One address, or a list of up to 100; each gets a mail of its own.",
            "oneOf": [
                ADDRESS,
                {"type": "array", "items": ADDRESS, "minItems": 1, "maxItems": MAX_RECIPIENTS},
            ],
            "example": "ann@example.com",
        },
    )
    subject = fields.String(
        required=True,
        validate=[Length(1, MAX_SUBJECT_CHARS), library_check(check_subject)],
        metadata={"description": "One line.", "example": "Your order is ready"},
    )
    template = fields.String(
        load_default="order_complete",
        validate=library_check(check_template),
        metadata={
            "description": "The name of the template.",
            "enum": list(TEMPLATES),
            "example": "order_complete",
        },
    )
    context = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        validate=library_check(check_context),
        metadata={
            "description": f"Values for the template, at most {MAX_CONTEXT_BYTES} bytes as JSON. "
            "`GET /templates` tells what each of them makes use of.",
            "example": {"name": "Ann", "order": "A-17"},
        },
    )

    attachments = Attachments(
        load_default=list,
        metadata={
            "description": "Files of finished jobs that go with it, 10 MB in all: ids of jobs, or names such as `output/a.svg`.",
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": 500},
            "maxItems": MAX_ATTACHMENTS,
            "example": [],
        },
    )

    @validates_schema
    def _fill(self, email: dict[str, Any], **kwargs: Any) -> None:
        try:
            fill_template(email["template"], email["context"], subject=email["subject"])
        except BadContext as error:
            raise ValidationError({"context": error.messages or [str(error)]}) from None
