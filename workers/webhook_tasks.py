"""Tasks that deliver webhooks."""

from __future__ import annotations

from libraries.json_types import JsonObject
from libraries.webhooks import deliver

# Enough for an outage of an hour: the delays grow from a second to an hour.
TRIES = 8


def deliver_webhook(job_id: str, event: str, delivery_id: str) -> JsonObject:
    """Deliver an event of a job to its webhook, and return the outcome.

    Queued by the service when a job with a webhook changes. `delivery_id` is the same in all
    attempts.
    """
    return deliver(job_id, event, delivery_id)
