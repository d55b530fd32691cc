"""What the mail route takes and gives."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length

from components.http import AcceptedSchema
from components.library_checks import passes
from libraries.errors import InvalidInput
from libraries.mailing import (
    LARGEST_CONTEXT,
    LONGEST_ADDRESS,
    LONGEST_SUBJECT,
    TEMPLATES,
    BadRecipient,
    check_address,
    check_context,
    check_subject,
    check_template,
    fill_template,
)

MOST_RECIPIENTS = 100
ADDRESS = {"type": "string", "format": "email", "maxLength": LONGEST_ADDRESS}


class Recipients(fields.Raw):
    """One address, or a list of 1 to 100 different ones; loaded as a list."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        addresses = value if isinstance(value, list) else [value]
        if not 1 <= len(addresses) <= MOST_RECIPIENTS:
            raise ValidationError(f"Must be one address or a list of 1 to {MOST_RECIPIENTS}.")
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
        except BadRecipient as error:
            problems[place] = [str(error)]
            continue
        if key in seen:
            problems[place] = ["This address stands in the list already."]
        seen.add(key)
    return problems


class EmailSchema(Schema):
    """A mail to send."""

    recipient = Recipients(
        required=True,
        metadata={
            "description": "One address, or a list of up to 100; each gets a mail of its own.",
            "oneOf": [ADDRESS, {"type": "array", "items": ADDRESS, "minItems": 1, "maxItems": MOST_RECIPIENTS}],
            "example": "ann@example.com",
        },
    )
    subject = fields.String(
        required=True,
        validate=[Length(1, LONGEST_SUBJECT), passes(check_subject)],
        metadata={"description": "One line.", "example": "Your order is ready"},
    )
    template = fields.String(
        load_default="order_complete",
        validate=passes(check_template),
        metadata={"description": "The name of the template.", "enum": list(TEMPLATES), "example": "order_complete"},
    )
    context = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        validate=passes(check_context),
        metadata={
            "description": f"Values for the template, at most {LARGEST_CONTEXT} bytes as JSON. "
            "`order_complete` uses `name`, `order`, `items` (a list), `note` and `url`.",
            "example": {"name": "Ann", "order": "A-17"},
        },
    )

    @validates_schema
    def _fill(self, email: dict[str, Any], **kwargs: Any) -> None:
        try:
            fill_template(email["template"], email["context"], subject=email["subject"])
        except InvalidInput as error:
            raise ValidationError(str(error), "context") from None


class EmailsAcceptedSchema(AcceptedSchema):
    """The reply to a mail that was queued; `job_id` is the first of `job_ids`."""

    job_ids = fields.List(
        fields.String(), required=True, metadata={"description": "One job for each recipient, in the order of the recipients."}
    )
