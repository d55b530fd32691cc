"""Webhooks: telling an address that a client named what became of its job, signed, and never an address of the inside."""

from libraries.outbound import AddressRefused, BadUrl, Endpoint, HostUnknown, read_url
from libraries.webhooks.announcements import (
    ENDS,
    EVENTS,
    attempts,
    default_secret,
    deliver,
    redeliver,
)
from libraries.webhooks.delivery import Receipt, post
from libraries.webhooks.receivers import public_addresses
from libraries.webhooks.signing import key_of, secret_of, signed_headers

__all__ = [
    "ENDS",
    "EVENTS",
    "AddressRefused",
    "BadUrl",
    "Endpoint",
    "HostUnknown",
    "Receipt",
    "attempts",
    "default_secret",
    "deliver",
    "key_of",
    "post",
    "public_addresses",
    "read_url",
    "redeliver",
    "secret_of",
    "signed_headers",
]
