"""Rate limits: how much of something an owner may ask for within an hour, and how much of it one recipient may get."""

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
    """Count `amount` for an owner, and for each recipient their share of it: all of it or nothing.

    Args:
        name: what is counted, such as `mail`.
        owner: who asks for it.
        recipients: how much of it each recipient gets.
        amount: how much it is in all.
        limit: how much an owner may ask for within an hour.
        recipient_limit: how much one recipient may get within an hour.

    Raises:
        Exhausted: a limit does not allow it; `retry_after` says when it does.
        QueueUnavailable: the broker cannot be reached.
    """
    counted = [
        keys.rate_limit_key(name, "owner", owner),
        *(keys.rate_limit_key(name, "recipient", _digest(one)) for one in recipients),
    ]
    shares = [part for share in recipients.values() for part in (share, recipient_limit)]
    arguments = [time.time(), WINDOW_S, secrets.token_hex(8), amount, limit, *shares]
    client = web_client()
    # What is far too much is not even counted.
    wait_s = WINDOW_S
    if amount <= limit:
        found = retry(lambda: run_script(client, "accounts/rate_limit", counted, arguments))
        wait_s = int(found)
    if wait_s:
        raise Exhausted(
            f"at most {limit} of kind {name!r} an hour, and {recipient_limit} for each recipient; nothing was queued",
            code="rate-limited",
            retry_after=wait_s,
        )


def _digest(recipient: str) -> str:
    # Operators see the keys of the broker, and are not to see addresses.
    return sha256(recipient.encode("utf-8", "surrogatepass")).hexdigest()[:32]
