"""Request schema of `POST /emails`."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length

from components.http.validators import library_check
from libraries.errors import InvalidInput
from libraries.json_types import JsonObject, keywords_of
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

ADDRESS = {
    "type": "string",
    "format": "email",
    "maxLength": MAX_ADDRESS_CHARS,
    **keywords_of(check_address),
}


class Recipients(fields.Raw):
    """One address or a list of 1 to 100 distinct ones; loaded as a list."""

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
    for index, address in enumerate(addresses):
        try:
            key = check_address(address).lower()
        except InvalidInput as error:
            problems[index] = [str(error)]
            continue
        if key in seen:
            problems[index] = ["Duplicate address."]
        seen.add(key)
    return problems


class Attachments(fields.Raw):
    """A list of attachments, validated by `check_attachments`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        try:
            return check_attachments(value)
        except InvalidInput as error:
            index = (error.field or "").rpartition(".")[2]
            problems = [str(error)]
            raise ValidationError(
                {int(index): problems} if index.isdecimal() else problems
            ) from None


class EmailSchema(Schema):
    """A mail to send."""

    recipient = Recipients(
        required=True,
        metadata={
            "description": "One address or up to 100; each recipient gets a separate mail.",
            "oneOf": [
                ADDRESS,
                {
                    "type": "array",
                    "items": ADDRESS,
                    "minItems": 1,
                    "maxItems": MAX_RECIPIENTS,
                    "uniqueItems": True,
                },
            ],
            "example": "ann@example.com",
        },
    )
    subject = fields.String(
        required=True,
        validate=[Length(1, MAX_SUBJECT_CHARS), library_check(check_subject)],
        metadata={"description": "Subject, in one line.", "example": "Your order is ready"},
    )
    template = fields.String(
        load_default="order_complete",
        validate=library_check(check_template),
        metadata={
            "description": "Name of the template.",
            "enum": list(TEMPLATES),
            "example": "order_complete",
        },
    )
    context = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        validate=library_check(check_context),
        metadata={
            "description": f"Values for the template, at most {MAX_CONTEXT_BYTES} bytes as JSON, with integers of at most 64 bits; see `GET /templates`.",
            "example": {"name": "Ann", "order": "A-17"},
        },
    )

    attachments = Attachments(
        load_default=list,
        metadata={
            "description": "Files to attach, 10 MB in total: ids of finished jobs, or paths such as `output/a.svg`.",
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": 500},
            "maxItems": MAX_ATTACHMENTS,
            "example": [],
        },
    )

    @validates_schema
    def _fill(self, email: JsonObject, **kwargs: Any) -> None:
        try:
            fill_template(email["template"], email["context"], subject=email["subject"])
        except BadContext as error:
            raise ValidationError({"context": error.messages or [str(error)]}) from None
