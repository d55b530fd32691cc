"""What is to be delivered to webhooks: written by the scripts that move jobs, queued as jobs of their own from here.

A webhook is due from the very step in which its job moved. Whoever comes first queues the delivery, a worker or any reaper; its
id follows from the entry, so two of them queue one delivery.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, cast
from urllib.parse import urlsplit

from redis import Redis

from libraries.job_manager import keys
from libraries.job_manager.connections import patiently, web_client
from libraries.job_manager.ids import repeatable_ids
from libraries.job_manager.ownership import acting_for
from libraries.job_manager.queueing import JobOptions, submit
from libraries.settings import JobSettings, get_settings

DELIVER = "workers.webhook_tasks.deliver_webhook"
MOST_AT_ONCE = 200
MOST_DELIVERIES = 100
# A receiver that takes more milliseconds than this is slow, and for how many seconds it is called so.
SLOW, SLOW_FOR = 2000, 300


def queue_deliveries(client: Redis) -> int:
    """Queue what is due to webhooks, and return how many deliveries that was; safe to do twice and by several at once."""
    due = cast("list[bytes]", client.lrange(keys.WEBHOOKS_DUE_KEY, 0, MOST_AT_ONCE - 1))
    for entry in due:
        told = json.loads(entry)
        queue_delivery(told["job_id"], told["event"], told["owner"], seed=entry.decode())
        client.lrem(keys.WEBHOOKS_DUE_KEY, 1, entry.decode())
    return len(due)


def queue_delivery(job_id: str, event: str, owner: str, *, seed: str) -> str:
    """Queue the delivery of an event to a job's webhook, and return its id, which follows from `seed`.

    It goes in front of the jobs that wait, so that a long queue does not make it late; behind them, when its receiver was slow
    of late: many jobs of one slow receiver would keep all others waiting.
    """
    delivery_id = f"msg_{sha256(seed.encode()).hexdigest()[:24]}"
    call = {"job_id": job_id, "event": event, "delivery_id": delivery_id}
    with acting_for(owner), repeatable_ids(f"webhook\n{seed}"):
        submit(
            DELIVER, kwargs=call, options=JobOptions(at_front=not _is_slow(job_id), internal=True)
        )
    return delivery_id


def _is_slow(job_id: str) -> bool:
    webhook = job_webhook(job_id)
    client = web_client(get_settings())
    return webhook is not None and bool(
        patiently(lambda: client.exists(keys.slow_receiver_key(_host(webhook))))
    )


def _host(webhook: dict[str, Any]) -> str:
    return urlsplit(str(webhook["url"])).netloc.lower()


def job_webhook(job_id: str) -> dict[str, Any] | None:
    """Return the webhook of a job: `url`, `events` and perhaps `secret`; None when it has none."""
    client = web_client(get_settings())
    found = cast("bytes | None", patiently(lambda: client.hget(keys.job_key(job_id), "webhook")))
    return json.loads(found) if found else None


def log_delivery(job_id: str, entry: dict[str, Any]) -> None:
    """Note an attempt to deliver to a job's webhook; the last hundred are kept as long as a failed job is."""
    client = web_client(get_settings())
    webhook = job_webhook(job_id) if entry.get("milliseconds", 0) > SLOW else None

    def note() -> None:
        with client.pipeline() as pipeline:
            pipeline.rpush(keys.deliveries_key(job_id), json.dumps(entry))
            pipeline.ltrim(keys.deliveries_key(job_id), -MOST_DELIVERIES, -1)
            pipeline.expire(keys.deliveries_key(job_id), JobSettings.current().failure_ttl)
            if webhook is not None:
                pipeline.set(keys.slow_receiver_key(_host(webhook)), 1, ex=SLOW_FOR)
            pipeline.execute()

    patiently(note)


def deliveries(job_id: str) -> list[dict[str, Any]]:
    """Return the noted attempts to deliver to a job's webhook, the oldest first."""
    client = web_client(get_settings())
    found = cast(
        "list[bytes]", patiently(lambda: client.lrange(keys.deliveries_key(job_id), 0, -1))
    )
    return [json.loads(entry) for entry in found]
