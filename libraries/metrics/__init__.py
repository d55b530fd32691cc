"""How the queue stands, and how many jobs have ended so far and how: what monitoring asks for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.broker.scripts import run_script
from libraries.job_manager.journal import ENDS, InBroker, Subscription, catch_up
from libraries.job_manager.tasks import known_tasks
from libraries.settings import JobSettings

OUTCOMES = ("finished", "failed", "retried", "stopped", "canceled")
# A job whose task is not one of the present ones.
OTHER = "other"
# Seconds; the bounds of `lua/count.lua`.
BOUNDS = (0.01, 0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, math.inf)
MICROSECONDS = "microseconds"


@dataclass
class TaskTotals:
    """How the jobs of one task have ended since the broker's files were new.

    Attributes:
        outcomes: how many finished, failed for good, were stopped or canceled, and how many attempts failed and were `retried`.
        buckets: how many attempts took at most so many seconds, and more than the next smaller bound.
        seconds: the sum of what those attempts took.
    """

    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    buckets: dict[float, int] = field(default_factory=lambda: dict.fromkeys(BOUNDS, 0))
    seconds: float = 0.0

    def add(self, what: str, bucket: str, number: int) -> None:
        """Add what one field of the totals says; one that a later version wrote may mean nothing here."""
        if what == MICROSECONDS:
            self.seconds += number / 1e6
        elif what in self.outcomes:
            self.outcomes[what] += number
            if bucket:
                self.buckets[next(bound for bound in BOUNDS if float(bucket) <= bound)] += number


@dataclass(frozen=True, kw_only=True)
class QueueMetrics:
    """The queue in one moment.

    Attributes:
        jobs: how many wait, run, are scheduled, are deferred, and have failed or been stopped and are still on record.
        limit: how many may wait.
        paused: whether the workers leave the queue alone.
        workers: how many are alive.
        busy: how many of those run a job.
        front_wait: for how many seconds the job at the front of the queue has waited; 0 when nothing waits.
        memory: bytes that the broker uses; None where it does not tell.
        memory_limit: bytes that it may use, 0 for no limit; None where it does not tell.
        totals: what has become of all jobs so far, by task.
        lags: how many changes of jobs each subscriber of the journal has not handled yet.
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


SUBSCRIPTION = Subscription(
    name="metrics",
    handler=InBroker(script="metrics/count", keys=(keys.TOTALS_KEY,)),
    events=ENDS | {"retry"},
    backlog=True,
)


def measure_queue() -> QueueMetrics:
    """Return how the queue stands.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    client = web_client()
    script_keys = (
        keys.QUEUE_KEY, keys.STARTED_KEY, keys.SCHEDULED_KEY, keys.DEFERRED_KEY, keys.FAILED_KEY, keys.SUSPENDED_KEY,
        keys.WORKERS_KEY, keys.TOTALS_KEY, keys.JOURNAL_KEY,
    )  # fmt: skip

    def measure() -> tuple[list[Any], dict[str, int]]:
        found = run_script(client, "metrics/metrics", script_keys, ())
        flat = found.pop()
        lags = {name.decode(): lag for name, lag in zip(flat[::2], flat[1::2], strict=True)}
        return found, lags

    found, lags = retry(measure)
    if lags.get(SUBSCRIPTION.name) != 0:
        catch_up(SUBSCRIPTION)
        found, lags = retry(measure)
    *counts, paused, workers, busy, now, since, memory, memory_limit, totals = found
    return QueueMetrics(
        jobs=dict(
            zip(("waiting", "running", "scheduled", "deferred", "failed"), counts, strict=True)
        ),
        limit=JobSettings.current().max_queue,
        paused=bool(paused),
        workers=workers,
        busy=busy,
        front_wait=_age(since.decode(), float(now)),
        memory=int(memory) if memory else None,
        memory_limit=int(memory_limit) if memory_limit else None,
        totals=_totals(totals),
        lags=lags,
    )


def _age(since: str, now: float) -> float:
    return max(0.0, now - datetime.fromisoformat(since).timestamp()) if since else 0.0


def _totals(flat: list[Any]) -> dict[str, TaskTotals]:
    """Return the totals of every present task, also of those that never ran; jobs of tasks that are gone are `other`."""
    totals = {task: TaskTotals() for task in (*known_tasks(), OTHER)}
    for name, number in zip(flat[::2], flat[1::2], strict=True):
        task, what, bucket = [*name.decode().split(" "), "", ""][:3]
        totals.get(task, totals[OTHER]).add(what, bucket, int(number))
    return totals
