"""Signatures according to Standard Webhooks 1 (https://github.com/standard-webhooks/standard-webhooks).

They are the HMAC-SHA256 of id, time and body. Libraries for many languages verify them.
"""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256

from marshmallow import ValidationError

from libraries.errors import InvalidInput
from libraries.json_types import described
from libraries.settings import webhook_key


@described(
    pattern="^whsec_(?:(?:[A-Za-z0-9+/]{4}){8,20}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
    "|(?:[A-Za-z0-9+/]{4}){21}(?:[A-Za-z0-9+/]{2}==)?)$",
)
def key_of(secret: str) -> bytes:
    """Return the key of a secret; raise InvalidInput if it is not `whsec_` and 24 to 64 bytes in base64."""
    try:
        return webhook_key(secret)
    except ValidationError as error:
        raise InvalidInput(
            " ".join(map(str, error.messages)), field="secret", code="bad-webhook-secret"
        ) from None


def secret_of(key: bytes) -> str:
    """Return the secret of a key, in the form for receivers."""
    return "whsec_" + base64.b64encode(key).decode()


def signed_headers(secret: str, *, delivery_id: str, sent_at: int, body: bytes) -> dict[str, str]:
    """Return the headers of a signed request; raise InvalidInput for an invalid secret.

    `delivery_id` is the same in every attempt, so that receivers can drop duplicates. `sent_at` is the
    Unix time of this attempt; receivers tolerate a difference of five minutes.
    """
    signed = b".".join((delivery_id.encode(), str(sent_at).encode(), body))
    signature = base64.b64encode(hmac.new(key_of(secret), signed, sha256).digest()).decode()
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(sent_at),
        "webhook-signature": f"v1,{signature}",
    }
