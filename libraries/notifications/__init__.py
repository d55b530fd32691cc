"""Notifications about jobs that were queued with `notify`, which their owner polls."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.job_manager.journal import ENDS, InBroker, Subscription, catch_up
from libraries.job_manager.ownership import current_owner

MAX_NOTIFICATIONS = 1000
# Distance of notifications within one millisecond, of which there are fewer than a thousand.
STEP_S = 1e-6


class Notification(NamedTuple):
    """A notification; its `timestamp` in Unix seconds is unique.

    The name is `task_<event>`, or one that a task chose.
    """

    name: str
    data: dict[str, Any]
    timestamp: float


SUBSCRIPTION = Subscription(
    name="notifications",
    handler=InBroker(
        script="notifications/notify", arguments=(keys.notifications_key(""), 7 * 86400)
    ),
    events=ENDS | {"started", "progress", "retry", "requeued", "notification"},
    having="notify",
)


def read_notifications(since: float = 0.0) -> list[Notification]:
    """Return the current owner's notifications later than `since` in Unix seconds, oldest first.

    At most 1000 are kept, for seven days. Callers pass the last `timestamp` to get the next ones.
    """
    catch_up(SUBSCRIPTION)
    # One millisecond early, because of rounding.
    first = max(0, int(min(since, 1e15) * 1000) - 1)
    stream = keys.notifications_key(current_owner())
    entries: Any = retry(lambda: web_client().xrange(stream, min=str(first)))
    found = (_notification(entry_id.decode(), parts) for entry_id, parts in entries)
    return [one for one in found if one.timestamp > since][:MAX_NOTIFICATIONS]


def _notification(entry_id: str, parts: dict[bytes, bytes]) -> Notification:
    milliseconds, _, number = entry_id.partition("-")
    event, data = parts[b"event"].decode(), json.loads(parts[b"data"])
    name = f"task_{event}"
    if event == "notification":
        name, data = data["name"], data["data"]
    timestamp = int(milliseconds) / 1000 + int(number) * STEP_S
    job_id = {"job_id": parts[b"job_id"].decode()}
    return Notification(name, job_id | data | job_id, timestamp)
