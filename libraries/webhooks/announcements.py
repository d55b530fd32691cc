"""What a webhook says, and the record of how it went."""

from __future__ import annotations

import contextlib
import json
import re
import time
from datetime import UTC, datetime
from typing import Any, Protocol

from libraries.broker.errors import QueueUnavailable
from libraries.errors import InvalidInput, NotFound, Unavailable
from libraries.job_manager import JobRecord, current_owner, find_job, submit
from libraries.job_manager.ids import derive_secret
from libraries.job_manager.representation import job_body, utc
from libraries.job_manager.task_context import next_retry_delay_s
from libraries.outbound import Resolver
from libraries.settings import WebhookSettings
from libraries.webhooks.delivery import Receipt, post
from libraries.webhooks.outbox import DELIVER, deliveries, job_webhook, record_delivery
from libraries.webhooks.signing import secret_of, signed_headers

EVENTS = ("started", "finished", "failed", "stopped", "canceled")
ENDS = EVENTS[1:]
DELIVERY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class QueuedJob(Protocol):
    """A job that was queued."""

    @property
    def id(self) -> str:
        """What to follow it by."""


def deliver(
    job_id: str, event: str, delivery_id: str, *, resolver: Resolver | None = None
) -> dict[str, Any]:
    """Tell the webhook of a job of the current owner what became of the job, note how it went, and return that note.

    The note has `delivery_id`, `event`, `attempted_at`, `status` (of HTTP, None without an answer), `milliseconds`, `error` and
    `next_attempt_at`, the latter two None when all is well.

    Args:
        job_id: the job.
        event: one of `EVENTS`.
        delivery_id: the id that the receiver sees in every attempt.
        resolver: what looks names up; the system's own resolver if not given.

    Raises:
        InvalidInput: there is no such event, or the id is not made of 1 to 64 letters, digits, `_` and `-`.
        JobUnknown: there is no such job of the current owner, or its record has expired.
        NotFound: it has no webhook.
        Unavailable: the receiver cannot be reached or does not take it for now.
        InvalidInput: the receiver will not take it, or may not be called.
        QueueUnavailable: the broker cannot be reached.
    """
    if event not in EVENTS or not DELIVERY_ID.fullmatch(delivery_id):
        raise InvalidInput(
            f"a delivery has an id of 1 to 64 letters, digits, '_' and '-', and one of the events {', '.join(EVENTS)}",
            code="bad-delivery",
        )
    record, webhook = find_job(job_id), job_webhook(job_id)
    if webhook is None:
        raise NotFound("this job has no webhook", code="no-webhook")
    body, secret, now = (
        message(record, event),
        webhook.get("secret") or default_secret(),
        time.time(),
    )
    headers = signed_headers(secret, delivery_id=delivery_id, sent_at=int(now), body=body)
    receipt = post(webhook["url"], body, headers, resolver=resolver)
    note = noted(receipt, delivery_id, event, now)
    # What was delivered stays delivered when the note of it is lost; sent again, it would come twice.
    with contextlib.suppress(QueueUnavailable):
        record_delivery(job_id, note)
    if receipt.error is not None:
        if receipt.retryable:
            raise Unavailable(receipt.error, code="webhook-undelivered")
        raise InvalidInput(receipt.error, code="webhook-rejected")
    return note


def message(record: JobRecord, event: str) -> bytes:
    """Return the body of a webhook: what happened, when, and the job as it stands now, as `GET /jobs/<job_id>` shows it."""
    moment = record.started_at if event == "started" else record.ended_at
    told = {
        "type": f"job.{event}",
        "timestamp": utc(moment or datetime.now(UTC)),
        "data": job_body(record),
    }
    return json.dumps(told, allow_nan=False).encode()


def noted(receipt: Receipt, delivery_id: str, event: str, attempted_at: float) -> dict[str, Any]:
    """Return the note of an attempt that was made at `attempted_at` (Unix seconds)."""
    pause = next_retry_delay_s() if receipt.retryable else None
    return {
        "delivery_id": delivery_id,
        "event": event,
        "attempted_at": utc(datetime.fromtimestamp(attempted_at, UTC)),
        "status": receipt.status,
        "milliseconds": receipt.milliseconds,
        "error": receipt.error,
        "next_attempt_at": None
        if pause is None
        else utc(datetime.fromtimestamp(time.time() + pause, UTC)),
    }


def default_secret() -> str:
    """Return what the current owner's webhooks are signed with, unless one brings a secret of its own.

    It is the setting `WEBHOOK_SECRET`; without that, each owner has one that follows from the secret of this installation.

    Raises:
        QueueUnavailable: the broker, which keeps the secret of the installation, cannot be reached.
    """
    return WebhookSettings.current().webhook_secret or secret_of(
        derive_secret("webhook", current_owner())
    )


def attempts(job_id: str) -> list[dict[str, Any]]:
    """Return the notes of what was sent to the webhook of a job of the current owner, the newest first.

    Raises:
        JobUnknown: there is no such job, or its record has expired.
        QueueUnavailable: the broker cannot be reached.
    """
    find_job(job_id)
    return deliveries(job_id)[::-1]


def redeliver(job_id: str, delivery_id: str) -> QueuedJob:
    """Queue another delivery of what was sent before, or was to be, and return the job that makes it.

    The receiver sees the same id, so that it can tell a message that it has. The job is the current owner's, like any other.

    Raises:
        JobUnknown: there is no such job of the current owner, or its record has expired.
        NotFound: there was no attempt with this id.
        Exhausted, QueueUnavailable: as `libraries.job_manager.submit`.
    """
    event = next(
        (note["event"] for note in attempts(job_id) if note["delivery_id"] == delivery_id), None
    )
    if event is None:
        raise NotFound(
            "this job has no delivery with this id, or none was attempted yet",
            code="delivery-not-found",
        )
    return submit(DELIVER, kwargs={"job_id": job_id, "event": event, "delivery_id": delivery_id})
