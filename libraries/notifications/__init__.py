"""Notifications: what became of the jobs that were queued with `notify`, for an owner who asks for it from time to time."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.job_manager.journal import ENDS, InBroker, Subscription, catch_up
from libraries.job_manager.ownership import current_owner

MAX_NOTIFICATIONS = 1000
# Seconds; the ids of a stream have no room for later times.
LATEST = 1e15
# How far apart the notices of one millisecond stand. There are fewer than a thousand of them: the stream hardly holds more.
BETWEEN_TWO = 1e-6
KEPT_S = 7 * 86400


class Notification(NamedTuple):
    """A notification: its name, the `job_id` and what is said of the job, and its time in Unix seconds, which no other has.

    Names are `task_status`, `task_progress`, and for the end of a job `task_finished`, `task_failed` or `task_canceled`.
    """

    name: str
    data: dict[str, Any]
    timestamp: float


SUBSCRIPTION = Subscription(
    name="notifications",
    handler=InBroker(script="notifications/notify", arguments=(keys.notifications_key(""), KEPT_S)),
    events=ENDS | {"started", "progress", "retry", "requeued"},
    having="notify",
    backlog=True,
)


def read_notifications(since: float = 0.0) -> list[Notification]:
    """Return the notifications of whoever the code acts for that are later than `since`, the oldest first, at most 1000.

    Those of the last days are there, about a thousand of them; whoever asks again with the last `timestamp` misses none.

    Args:
        since: Unix seconds.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    catch_up(SUBSCRIPTION)
    # Begins a little early, because seconds as a fraction do not hit a millisecond exactly.
    first = max(0, int(min(since, LATEST) * 1000) - 1)
    stream = keys.notifications_key(current_owner())
    entries: Any = retry(lambda: web_client().xrange(stream, min=str(first)))
    notices = (_notice(entry_id.decode(), parts) for entry_id, parts in entries)
    return [notice for notice in notices if notice.timestamp > since][:MAX_NOTIFICATIONS]


def _notice(entry_id: str, parts: dict[bytes, bytes]) -> Notification:
    milliseconds, _, number = entry_id.partition("-")
    data = {"job_id": parts[b"job_id"].decode(), **json.loads(parts[b"data"])}
    return Notification(
        f"task_{parts[b'event'].decode()}",
        data,
        int(milliseconds) / 1000 + int(number) * BETWEEN_TWO,
    )
