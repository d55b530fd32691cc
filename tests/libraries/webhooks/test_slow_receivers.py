"""Slow receivers do not delay other deliveries."""

from __future__ import annotations

from typing import Any

from libraries.broker.connections import web_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.broker.keys import QUEUE_KEY
from libraries.job_manager import JobOptions, submit
from libraries.settings import Settings
from libraries.webhooks.outbox import queue_delivery, record_delivery


def queued_tasks(settings: Settings) -> list[str]:
    client: Any = web_client(settings)
    return [
        client.hget(f"rq:job:{job_id.decode()}", "description").decode()
        for job_id in client.lrange(QUEUE_KEY, 0, -1)
    ]


def test_a_delivery_goes_to_the_front_unless_its_receiver_was_slow(
    broker: EmbeddedBroker, settings: Settings
) -> None:
    webhook = {"url": "https://example.com/hook", "events": ["finished"]}
    job = submit(
        "workers.data_tasks.process_file", ("a.csv", "json"), options=JobOptions(webhook=webhook)
    )
    queue_delivery(job.id, "finished", "anonymous", seed="one")
    assert queued_tasks(settings)[0] == "workers.webhook_tasks.deliver_webhook"
    record_delivery(job.id, {"milliseconds": 9000, "error": "no answer in time"})
    queue_delivery(job.id, "finished", "anonymous", seed="two")
    assert queued_tasks(settings) == [
        "workers.webhook_tasks.deliver_webhook", "workers.data_tasks.process_file", "workers.webhook_tasks.deliver_webhook",
    ]  # fmt: skip
