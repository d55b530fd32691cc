"""Rate limits per owner and per recipient, in a sliding window of one hour."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from hashlib import sha256

from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.broker.scripts import run_script
from libraries.errors import Exhausted

WINDOW_S = 3600


def check_rate(
    name: str,
    owner: str,
    recipients: Mapping[str, int],
    *,
    amount: int,
    limit: int,
    recipient_limit: int,
) -> None:
    """Count `amount` of `name` for an owner, and the recipients' shares, all or nothing.

    Raises:
        Exhausted: over `limit` or `recipient_limit`; `retry_after` is the wait in seconds.
    """
    counted = [keys.rate_limit_key(name, "owner", owner)]
    counted += [keys.rate_limit_key(name, "recipient", _digest(one)) for one in recipients]
    shares = [part for share in recipients.values() for part in (share, recipient_limit)]
    arguments = [time.time(), WINDOW_S, secrets.token_hex(8), amount, limit, *shares]
    client, wait_s = web_client(), WINDOW_S
    if amount <= limit:
        wait_s = retry(lambda: run_script(client, "accounts/rate_limit", counted, arguments))
    if wait_s:
        raise Exhausted(
            f"the limit of {name!r} is {limit} per hour and {recipient_limit} per recipient; "
            "nothing was queued",
            code="rate-limited",
            retry_after=wait_s,
        )


def _digest(recipient: str) -> str:
    # Operators can see the keys of the broker, and must not see addresses.
    return sha256(recipient.encode("utf-8", "surrogatepass")).hexdigest()[:32]
