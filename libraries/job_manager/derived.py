"""Keys that need no store of their own: they follow from the one secret of this installation."""

from __future__ import annotations

import hmac
from hashlib import sha256

from libraries.job_manager.connections import patiently, web_client
from libraries.job_manager.ids import installation_secret
from libraries.settings import get_settings


def derived_key(purpose: str, owner: str) -> bytes:
    """Return 32 bytes that every process of this installation derives alike, and nobody else can, for one purpose and owner.

    Raises:
        QueueUnavailable: the broker, which keeps the secret of the installation, cannot be reached.
    """
    client = web_client(get_settings())
    secret = patiently(lambda: installation_secret(client))
    return hmac.new(secret, f"{purpose}\0{owner}".encode(), sha256).digest()
