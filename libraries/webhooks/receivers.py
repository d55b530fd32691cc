"""Address rules for webhooks, which the setting `WEBHOOK_PRIVATE` relaxes."""

from __future__ import annotations

from libraries import outbound
from libraries.outbound import Endpoint, Resolver
from libraries.settings import WebhookSettings


def public_addresses(endpoint: Endpoint, resolver: Resolver | None = None) -> tuple[str, ...]:
    """Resolve the host as `libraries.outbound.public_addresses`; `WEBHOOK_PRIVATE` allows private addresses."""
    return outbound.public_addresses(
        endpoint, resolver, private=WebhookSettings.current().webhook_private
    )
