"""Queue of webhook deliveries: a job for each relevant entry of the journal.

The id of a delivery is derived from the entry, so an entry that is processed twice causes one delivery.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from typing import cast
from urllib.parse import urlsplit

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.errors import QueueUnavailable
from libraries.broker.retry import retry
from libraries.job_manager.errors import UnknownTask
from libraries.job_manager.ids import repeatable_ids
from libraries.job_manager.journal import ENDS, JournalEntry, Subscription
from libraries.job_manager.ownership import as_owner
from libraries.job_manager.submission import JobOptions, submit
from libraries.json_types import JsonObject
from libraries.settings import JobSettings

DELIVER = "workers.webhook_tasks.deliver_webhook"
MAX_DELIVERIES = 100
# A receiver that takes longer than this is considered slow for `SLOW_TTL_S`.
MAX_FAST_MS, SLOW_TTL_S = 2000, 300


def queue_deliveries(entries: Sequence[JournalEntry]) -> None:
    """Submit a delivery for each entry that the webhook of its job subscribed to; may raise QueueUnavailable."""
    for entry in entries:
        webhook = job_webhook(entry.job_id)
        if webhook is not None and entry.event in webhook["events"]:
            queue_delivery(entry.job_id, entry.event, entry.owner, seed=entry.id)


SUBSCRIPTION = Subscription(
    name="webhooks",
    handler=queue_deliveries,
    events=ENDS | {"started"},
    having="webhook_events",
)


def queue_earlier_notes(client: Redis) -> None:
    """Submit the deliveries noted by the version before the journal. Idempotent and safe to run concurrently."""
    with suppress(QueueUnavailable, UnknownTask):
        for entry in cast("list[bytes]", client.lrange(keys.WEBHOOKS_DUE_KEY, 0, 199)):
            note = json.loads(entry)
            queue_delivery(note["job_id"], note["event"], note["owner"], seed=entry.decode())
            client.lrem(keys.WEBHOOKS_DUE_KEY, 1, entry.decode())


def queue_delivery(job_id: str, event: str, owner: str, *, seed: str) -> str:
    """Submit the delivery of an event to a job's webhook, and return its id, which is derived from `seed`.

    It has priority `high`, but not if the receiver was slow recently, so that many jobs of one slow
    receiver do not delay all others.
    """
    delivery_id = f"msg_{sha256(seed.encode()).hexdigest()[:24]}"
    call = {"job_id": job_id, "event": event, "delivery_id": delivery_id}
    with as_owner(owner), repeatable_ids(f"webhook\n{seed}"):
        options = JobOptions(high_priority=not _is_slow(job_id), internal=True)
        submit(DELIVER, kwargs=call, options=options)
    return delivery_id


def _is_slow(job_id: str) -> bool:
    webhook = job_webhook(job_id)
    client = web_client()
    return webhook is not None and bool(
        retry(lambda: client.exists(keys.slow_receiver_key(_host(webhook))))
    )


def _host(webhook: JsonObject) -> str:
    return urlsplit(str(webhook["url"])).netloc.lower()


def job_webhook(job_id: str) -> JsonObject | None:
    """Return the webhook of a job (`url`, `events` and optionally `secret`), or None."""
    client = web_client()
    found = cast("bytes | None", retry(lambda: client.hget(keys.job_key(job_id), "webhook")))
    return json.loads(found) if found else None


def record_delivery(job_id: str, entry: JsonObject) -> None:
    """Log a delivery attempt; the last 100 are kept as long as a failed job."""
    client = web_client()
    webhook = job_webhook(job_id) if entry.get("milliseconds", 0) > MAX_FAST_MS else None

    def write() -> None:
        with client.pipeline() as pipeline:
            pipeline.rpush(keys.deliveries_key(job_id), json.dumps(entry))
            pipeline.ltrim(keys.deliveries_key(job_id), -MAX_DELIVERIES, -1)
            pipeline.expire(keys.deliveries_key(job_id), JobSettings.current().failure_ttl)
            if webhook is not None:
                pipeline.set(keys.slow_receiver_key(_host(webhook)), 1, ex=SLOW_TTL_S)
            pipeline.execute()

    retry(write)


def deliveries(job_id: str) -> list[JsonObject]:
    """Return the logged delivery attempts of a job, oldest first."""
    client = web_client()
    found = cast("list[bytes]", retry(lambda: client.lrange(keys.deliveries_key(job_id), 0, -1)))
    return [json.loads(entry) for entry in found]
