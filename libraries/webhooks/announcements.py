"""Messages of webhooks, and the log of their deliveries."""

from __future__ import annotations

import contextlib
import json
import re
import time
from datetime import UTC, datetime
from typing import Protocol

from libraries.broker.errors import QueueUnavailable
from libraries.errors import InvalidInput, NotFound, Unavailable
from libraries.job_manager import JobRecord, as_owner, current_owner, find_job, submit
from libraries.job_manager.ids import derive_secret
from libraries.job_manager.representation import job_body, utc
from libraries.job_manager.task_context import next_retry_delay_s
from libraries.json_types import JsonObject
from libraries.outbound import Resolver
from libraries.settings import WebhookSettings
from libraries.webhooks.delivery import Receipt, post
from libraries.webhooks.outbox import DELIVER, deliveries, job_webhook, record_delivery
from libraries.webhooks.signing import secret_of, signed_headers

EVENTS = ("started", "finished", "failed", "stopped", "canceled")
ENDS = EVENTS[1:]


class QueuedJob(Protocol):
    """A submitted job."""

    @property
    def id(self) -> str: ...


def deliver(
    job_id: str, event: str, delivery_id: str, *, resolver: Resolver | None = None
) -> JsonObject:
    """Send a job event to the webhook of a job of the current owner; log and return the attempt.

    The entry has `delivery_id`, `event`, `attempted_at`, `status` (of HTTP, None without a response),
    `milliseconds`, `error` and `next_attempt_at`, the latter two None on success. The receiver gets
    `delivery_id` in every attempt.

    Raises:
        InvalidInput: the event or the id is invalid, or the receiver rejected the message.
        NotFound: the job was not found, expired, or has no webhook.
        Unavailable: the receiver is unreachable or reports a temporary error.
    """
    if event not in EVENTS or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", delivery_id, re.ASCII):
        raise InvalidInput(
            f"expected a delivery id of 1 to 64 letters, digits, '_' and '-', and one of the events {', '.join(EVENTS)}",
            code="bad-delivery",
        )
    record, webhook = find_job(job_id), job_webhook(job_id)
    if webhook is None:
        raise NotFound("the job has no webhook", code="no-webhook")
    body, now = message(record, event), time.time()
    secret = webhook.get("secret") or default_secret()
    headers = signed_headers(secret, delivery_id=delivery_id, sent_at=int(now), body=body)
    receipt = post(webhook["url"], body, headers, resolver=resolver)
    entry = log_entry(receipt, delivery_id, event, now)
    # A failure to log must not cause a second delivery.
    with contextlib.suppress(QueueUnavailable):
        record_delivery(job_id, entry)
    if receipt.error is not None:
        if receipt.retryable:
            raise Unavailable(receipt.error, code="webhook-undelivered")
        raise InvalidInput(receipt.error, code="webhook-rejected")
    return entry


def message(record: JobRecord, event: str) -> bytes:
    """Return the body of a webhook: event type, time, and the job as returned by `GET /jobs/<job_id>`.

    The receiver is a guest of the owner, so that an unexpected error has no details.
    """
    moment = record.started_at if event == "started" else record.ended_at
    with as_owner(record.owner, guest=True):
        data = job_body(record)
    body = {
        "type": f"job.{event}",
        "timestamp": utc(moment or datetime.now(UTC)),
        "data": data,
    }
    return json.dumps(body, allow_nan=False).encode()


def log_entry(receipt: Receipt, delivery_id: str, event: str, attempted_at: float) -> JsonObject:
    """Return the log entry of an attempt at `attempted_at` (Unix seconds)."""
    delay = next_retry_delay_s() if receipt.retryable else None
    retry_at = None if delay is None else utc(datetime.fromtimestamp(time.time() + delay, UTC))
    return {
        "delivery_id": delivery_id,
        "event": event,
        "attempted_at": utc(datetime.fromtimestamp(attempted_at, UTC)),
        "status": receipt.status,
        "milliseconds": receipt.milliseconds,
        "error": receipt.error,
        "next_attempt_at": retry_at,
    }


def default_secret() -> str:
    """Return the setting `WEBHOOK_SECRET`, or a secret derived from the owner and that of the installation."""
    return WebhookSettings.current().webhook_secret or secret_of(
        derive_secret("webhook", current_owner())
    )


def attempts(job_id: str) -> list[JsonObject]:
    """Return the deliveries of a job of the current owner, newest first."""
    find_job(job_id)
    return deliveries(job_id)[::-1]


def redeliver(job_id: str, delivery_id: str) -> QueuedJob:
    """Submit a job that repeats a delivery with the same id, so that receivers can detect duplicates.

    Raises NotFound if the job has no delivery with this id.
    """
    event = next(
        (note["event"] for note in attempts(job_id) if note["delivery_id"] == delivery_id), None
    )
    if event is None:
        raise NotFound("delivery not found, or not attempted yet", code="delivery-not-found")
    return submit(DELIVER, kwargs={"job_id": job_id, "event": event, "delivery_id": delivery_id})
