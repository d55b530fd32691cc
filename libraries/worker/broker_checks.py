"""Checks of the broker before a worker starts."""

from __future__ import annotations

from typing import Any

from libraries.broker.connections import redacted_broker_url
from libraries.settings import Settings


class BrokerUnusable(Exception):
    """Raised when a worker starts and the broker is unreachable or may evict jobs."""


def unreachable(settings: Settings) -> BrokerUnusable:
    where = redacted_broker_url(settings)
    return BrokerUnusable(
        f"cannot reach the broker at {where}; start it with `make run`, or set REDIS_URL"
    )


def eviction_policy(client: Any) -> str:
    """Return the broker's `maxmemory-policy`; only `noeviction` keeps every job."""
    return str(client.info("memory").get("maxmemory_policy", "noeviction"))


def check_eviction_policy(client: Any) -> None:
    """Raise BrokerUnusable if the broker evicts keys when its memory is full."""
    policy = eviction_policy(client)
    if policy != "noeviction":
        raise BrokerUnusable(
            f"the broker evicts jobs when its memory is full (maxmemory-policy {policy}); "
            "set its maxmemory-policy to noeviction"
        )
