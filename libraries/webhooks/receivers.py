"""Where a webhook may go: where every request to the outside may, and with `WEBHOOK_PRIVATE` also inside."""

from __future__ import annotations

from libraries import outbound
from libraries.outbound import Endpoint, Resolver
from libraries.settings import WebhookSettings


def public_addresses(endpoint: Endpoint, resolver: Resolver | None = None) -> tuple[str, ...]:
    """Return the addresses of the endpoint's host: looked up once, every one of them public.

    With the setting `WEBHOOK_PRIVATE` they may be private as well.

    Args:
        endpoint: where a webhook goes.
        resolver: what looks names up; the system's own resolver if not given.

    Raises:
        InvalidInput: one or more are not public, or the host is a name of this machine.
        Unavailable: it cannot be looked up, or the answer took longer than 5 s.
    """
    return outbound.public_addresses(
        endpoint, resolver, private=WebhookSettings.current().webhook_private
    )
