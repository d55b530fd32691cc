"""HTTP requests to addresses that clients chose, restricted to public addresses, with limits for time and size."""

from libraries.outbound.addresses import (
    Endpoint,
    Resolver,
    check_url,
    is_public,
    look_up,
    public_addresses,
    read_url,
)
from libraries.outbound.connections import Wire, connected
from libraries.outbound.fetching import fetch

__all__ = [
    "Endpoint",
    "Resolver",
    "Wire",
    "check_url",
    "connected",
    "fetch",
    "is_public",
    "look_up",
    "public_addresses",
    "read_url",
]
