"""Tasks that tell webhooks."""

from __future__ import annotations

from libraries.json_types import JsonObject
from libraries.webhooks import deliver

# A receiver that is down for an hour still gets it: the pauses grow from a second to an hour.
TRIES = 8


def deliver_webhook(job_id: str, event: str, delivery_id: str) -> JsonObject:
    """Tell the webhook of a job what became of the job, and return how that went.

    Such jobs are queued by themselves whenever a job with a webhook moves.

    Args:
        job_id: the job that the webhook was asked for with.
        event: what is told, such as `finished`.
        delivery_id: the id that the receiver sees in every attempt.
    """
    return deliver(job_id, event, delivery_id)
