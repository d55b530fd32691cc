"""The field `webhook` of requests that queue jobs: whom to tell what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf

from components.http.problems import BadFields, FieldError
from components.http.validators import library_check
from libraries.webhooks import (
    ENDS,
    EVENTS,
    AddressRefused,
    BadUrl,
    HostUnknown,
    key_of,
    public_addresses,
    read_url,
)


class WebhookSchema(Schema):
    """Whom to tell what becomes of a job."""

    url = fields.String(
        required=True,
        validate=library_check(read_url),
        metadata={
            "description": "Where to POST: `http` or `https`, port 80, 443 or above 1023, a host with public addresses alone.",
            "format": "uri",
            "maxLength": 2048,
            "example": "https://example.com/plots",
        },
    )
    events = fields.List(
        fields.String(validate=OneOf(EVENTS)),
        load_default=lambda: list(ENDS),
        validate=Length(1, len(EVENTS)),
        metadata={
            "description": "What to tell of; by default each way in which a job ends.",
            "example": ["finished", "failed"],
        },
    )
    secret = fields.String(
        load_default=None,
        validate=library_check(key_of),
        metadata={
            "description": "What to sign with: `whsec_` and 24 to 64 random bytes in base64; by default what "
            "`GET /webhooks/secret` shows.",
            "writeOnly": True,
        },
    )


WEBHOOK = {
    "description": "Whom to tell what becomes of it: signed as Standard Webhooks has it, tried again for an hour."
}


def webhook_field() -> fields.Nested:
    """Return the field for a schema; it is loaded as a dict, or None."""
    return fields.Nested(WebhookSchema, load_default=None, metadata=WEBHOOK)


def validate_webhook(asked: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what `JobOptions` takes as `webhook`, None for none. Asked last: it looks the host up, which takes a moment.

    Raises:
        BadFields: the host cannot be looked up, or has an address that is not public.
    """
    if asked is None:
        return None
    try:
        public_addresses(read_url(asked["url"]))
    except (BadUrl, AddressRefused, HostUnknown) as error:
        raise BadFields([FieldError(("webhook", "url"), str(error))]) from None
    return {
        **{name: value for name, value in asked.items() if value is not None},
        "events": list(dict.fromkeys(asked["events"])),
    }
