"""Requests to the outside on behalf of a stranger: to public addresses alone, with a bound on time and size."""

from libraries.outbound.addresses import (
    Endpoint,
    Resolver,
    check_url,
    is_public,
    look_up,
    public_addresses,
    read_url,
)
from libraries.outbound.connections import ReplyTooLong, Wire, connected
from libraries.outbound.fetching import fetch

__all__ = [
    "Endpoint",
    "ReplyTooLong",
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
