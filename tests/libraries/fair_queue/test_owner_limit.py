"""The limit of running jobs of an owner."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from libraries.broker import Redis, keys
from libraries.fair_queue import maintain
from libraries.job_manager import as_owner, cancel_job, get_job_status, transitions
from libraries.job_manager.transitions import Attempt, Outcome
from libraries.settings import get_settings, use_settings
from tests.libraries.fair_queue.conftest import Queue, take, waiting

HELD = "vector:queue:held"


@pytest.fixture(autouse=True)
def limit(client: Redis) -> Callable[[int], None]:
    """Let each owner run two jobs; return a function that changes the limit."""

    def change(number: int) -> None:
        use_settings(get_settings().with_values(owner_running=number))

    change(2)
    return change


def start(client: Redis) -> Attempt:
    """Take the next job as a worker does."""
    execution_id = uuid4().hex
    record = transitions.take(client, "w", execution_id, time.time())
    assert isinstance(record, dict)
    return Attempt(record[b"id"].decode(), execution_id, "w", time.time())


def finish(client: Redis, attempt: Attempt) -> None:
    outcome = Outcome(result=None, lifetime=60)
    assert transitions.finish(client, attempt, time.time(), outcome)


def is_clean(client: Redis) -> bool:
    return client.keys("vector:slots:*") == [] and not client.exists(HELD)


def test_an_owner_has_so_many_jobs_at_the_front_of_the_queue_or_running(
    client: Redis, queue: Queue
) -> None:
    ids, other = queue("ann", 4), queue("bob", 1)
    assert sorted(waiting(client)) == sorted([*ids[:2], *other])
    assert {get_job_status(job)["status"] for job in ids} == {"queued"}
    ran = []
    while waiting(client):
        attempt = start(client)
        ran.append(attempt.job_id)
        finish(client, attempt)
    assert [job for job in ran if job in ids] == ids
    assert is_clean(client)


def test_stock_workers_obey_the_limit_as_they_take_jobs_from_the_same_list(
    client: Redis, queue: Queue
) -> None:
    ids = queue("ann", 3)
    assert take(client, 3) == ids[:2], "the third job is not in the list"
    # As RQ's own worker ends a job.
    client.hset(keys.job_key(ids[0]), "status", "finished")
    maintain(client, owner_running=2)
    assert take(client) == [ids[2]]


def test_waiting_jobs_of_high_priority_and_single_ones_go_before_the_items_of_batches(
    client: Redis, queue: Queue
) -> None:
    first = queue("ann", 2)
    items, single = queue("ann", 2, batch=True), queue("ann", 1)
    urgent = queue("ann", 1, high_priority=True)
    order = []
    while waiting(client):
        attempt = start(client)
        order.append(attempt.job_id)
        finish(client, attempt)
    assert order == [first[0], *urgent, first[1], *single, *items]


def test_a_limit_that_changes_applies_to_waiting_jobs_and_loses_none(
    client: Redis, queue: Queue, limit: Callable[[int], None]
) -> None:
    ids = queue("ann", 9)
    maintain(client, owner_running=4)
    assert len(waiting(client)) == 4
    maintain(client, owner_running=1)
    running = [start(client) for _ in range(4)]
    for attempt in running[:3]:
        finish(client, attempt)
    assert waiting(client) == []
    finish(client, running[3])
    assert waiting(client) == [ids[4]]
    limit(0)
    maintain(client)
    assert sorted(waiting(client)) == sorted(ids[4:])
    queue("ann", 1)
    while waiting(client):
        finish(client, start(client))
    assert is_clean(client)


def test_a_job_with_a_concurrency_key_needs_a_slot_of_both(client: Redis, queue: Queue) -> None:
    keyed = queue("ann", 3, concurrency_key="plotter")
    free = queue("ann", 2)
    assert sorted(waiting(client)) == sorted([keyed[0], free[0]])
    finish(client, start(client))
    assert sorted(waiting(client)) == sorted([keyed[1], free[0]])
    with as_owner("ann"):
        assert cancel_job(keyed[2])
    while waiting(client):
        finish(client, start(client))
    assert {get_job_status(job)["status"] for job in [*keyed[:2], *free]} == {"finished"}
    assert is_clean(client)


def test_a_job_that_waits_for_a_retry_does_not_count_as_running(
    client: Redis, queue: Queue
) -> None:
    ids = queue("ann", 4)
    attempt = start(client)
    client.hset(
        keys.job_key(attempt.job_id), mapping={"retries_left": 1, "retry_intervals": "[60]"}
    )
    assert transitions.fail(client, attempt, time.time(), trace="x", error="x", lifetime=60)
    assert get_job_status(attempt.job_id)["status"] == "scheduled"
    assert waiting(client) == ids[1:3]
    client.zadd(keys.SCHEDULED_KEY, {attempt.job_id: 1})
    transitions.reap(client, time.time(), 60)
    while waiting(client):
        finish(client, start(client))
    assert {get_job_status(job)["status"] for job in ids} == {"finished"}
    assert is_clean(client)
