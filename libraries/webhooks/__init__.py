"""Signed webhooks for job events. Private addresses are rejected."""

from libraries.outbound import read_url
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
