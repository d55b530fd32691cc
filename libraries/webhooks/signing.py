"""How a receiver knows that a webhook comes from here and was not altered: the signature of Standard Webhooks.

The rules are those of https://github.com/standard-webhooks/standard-webhooks, version 1: the
HMAC-SHA256 of id, time and body, with a secret that both sides know. Receivers can use any library
for it.
"""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256

from marshmallow import ValidationError

from libraries.errors import InvalidInput
from libraries.settings import webhook_key

PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """Return the key that a secret stands for.

    Raises:
        InvalidInput: it is not `whsec_` and 24 to 64 bytes in base64.
    """
    try:
        return webhook_key(secret)
    except ValidationError as error:
        raise InvalidInput(
            " ".join(map(str, error.messages)), field="secret", code="bad-webhook-secret"
        ) from None


def secret_of(key: bytes) -> str:
    """Return the secret that stands for `key`, as it is given to receivers."""
    return PREFIX + base64.b64encode(key).decode()


def signed_headers(secret: str, *, delivery_id: str, sent_at: int, body: bytes) -> dict[str, str]:
    """Return the three headers that make a request a signed one.

    Args:
        secret: what the receiver knows, too.
        delivery_id: the id of the message; the same in every attempt, so that a receiver can drop
            what it has.
        sent_at: Unix time of this attempt in whole seconds. Receivers refuse what is more than five
            minutes off.
        body: the bytes that are sent.

    Raises:
        InvalidInput: the secret cannot be used.
    """
    signed = b".".join((delivery_id.encode(), str(sent_at).encode(), body))
    signature = base64.b64encode(hmac.new(key_of(secret), signed, sha256).digest()).decode()
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(sent_at),
        "webhook-signature": f"v1,{signature}",
    }
