"""Queue metrics: the current state, and totals of ended jobs and attempts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.broker.scripts import run_script
from libraries.job_manager.journal import ENDS, InBroker, Subscription, catch_up
from libraries.job_manager.tasks import known_tasks
from libraries.settings import JobSettings

# Jobs of tasks that no longer exist.
OTHER = "other"
# Bucket bounds in seconds, as in `lua/count.lua`.
BOUNDS = (0.01, 0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, math.inf)


@dataclass
class TaskTotals:
    """Totals of one task since the broker's data was created.

    `outcomes` count jobs by final state and `retried` attempts; `buckets` count attempts by
    duration, each up to its bound and over the next smaller one; `seconds` is the total duration.
    """

    EVENTS: ClassVar = ("finished", "failed", "retried", "stopped", "canceled")

    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TaskTotals.EVENTS, 0))
    buckets: dict[float, int] = field(default_factory=lambda: dict.fromkeys(BOUNDS, 0))
    seconds: float = 0.0

    def add(self, outcome: str, bucket: str, number: int) -> None:
        """Add one field of the stored totals; unknown outcomes of later versions are ignored."""
        if outcome == "microseconds":
            self.seconds += number / 1e6
        elif outcome in self.outcomes:
            self.outcomes[outcome] += number
            if bucket:
                self.buckets[next(bound for bound in BOUNDS if float(bucket) <= bound)] += number


@dataclass(frozen=True, kw_only=True)
class QueueMetrics:
    """A snapshot of the queue.

    `front_wait` is the age in seconds of the first job in the queue, `memory` and `memory_limit`
    are bytes (None if unknown, 0 for no limit), `lags` the numbers of unhandled journal entries by
    subscriber, `unreadable` the number of damaged records at the last count.
    """

    jobs: dict[str, int]
    limit: int
    paused: bool
    workers: int
    busy: int
    front_wait: float
    memory: int | None
    memory_limit: int | None
    totals: dict[str, TaskTotals]
    lags: dict[str, int]
    unreadable: int


SUBSCRIPTION = Subscription(
    name="metrics",
    handler=InBroker(script="metrics/count", keys=(keys.TOTALS_KEY,)),
    events=ENDS | {"retry"},
)


def measure_queue() -> QueueMetrics:
    client = web_client()
    script_keys = (
        keys.QUEUE_KEY, keys.STARTED_KEY, keys.SCHEDULED_KEY, keys.DEFERRED_KEY, keys.FAILED_KEY,
        keys.SUSPENDED_KEY, keys.WORKERS_KEY, keys.TOTALS_KEY, keys.JOURNAL_KEY,
        keys.UNREADABLE_KEY,
    )  # fmt: skip

    def measure() -> list[Any]:
        return list(run_script(client, "metrics/metrics", script_keys, ()))

    found = retry(measure)
    if _by_name(found[-1]).get(SUBSCRIPTION.name) != 0:
        catch_up(SUBSCRIPTION)
        found = retry(measure)
    *counts, paused, workers, busy, now, since, memory, memory_limit, totals, unreadable, lags = (
        found
    )
    return QueueMetrics(
        jobs=dict(
            zip(("waiting", "running", "scheduled", "deferred", "failed"), counts, strict=True)
        ),
        limit=JobSettings.current().max_queue,
        paused=bool(paused),
        workers=workers,
        busy=busy,
        front_wait=_age(since.decode(errors="replace"), float(now)),
        memory=int(memory) if memory else None,
        memory_limit=int(memory_limit) if memory_limit else None,
        totals=_totals(totals),
        lags=_by_name(lags),
        unreadable=unreadable,
    )


def _by_name(flat: list[Any]) -> dict[str, Any]:
    return {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}


def _age(since: str, now: float) -> float:
    try:
        return max(0.0, now - datetime.fromisoformat(since).timestamp()) if since else 0.0
    except ValueError:  # a damaged record
        return 0.0


def _totals(flat: list[Any]) -> dict[str, TaskTotals]:
    """Return the totals of all existing tasks, including those that never ran."""
    totals = {task: TaskTotals() for task in (*known_tasks(), OTHER)}
    for name, number in _by_name(flat).items():
        task, outcome, bucket = [*name.split(" "), "", ""][:3]
        totals.get(task, totals[OTHER]).add(outcome, bucket, int(number))
    return totals
