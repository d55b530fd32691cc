"""Concurrency keys and unique keys of jobs."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from libraries.broker import Redis, keys
from libraries.errors import Exhausted, InvalidInput
from libraries.fair_queue import maintain
from libraries.job_manager import (
    JobOptions,
    as_owner,
    cancel_job,
    delete_job,
    fetch_job,
    get_job_status,
    submit,
    submit_batch,
    transitions,
)
from libraries.job_manager.transitions import Attempt, Outcome
from libraries.settings import get_settings, use_settings
from tests.conftest import WorkerProcess, until
from tests.faults.trail import runs, started_runs
from tests.libraries.fair_queue.conftest import NOTHING, Queue, take, waiting

HELD = "vector:queue:held"


def start(client: Redis) -> Attempt:
    """Take the next job as a worker does."""
    execution_id = uuid4().hex
    record = transitions.take(client, "w", execution_id, time.time())
    assert isinstance(record, dict)
    return Attempt(record[b"id"].decode(), execution_id, "w", time.time())


def finish(client: Redis, attempt: Attempt) -> None:
    assert transitions.finish(client, attempt, time.time(), Outcome(result=None, lifetime=60))


def fail(client: Redis, attempt: Attempt) -> None:
    assert transitions.fail(client, attempt, time.time(), trace="x", error="x", lifetime=60)


def test_so_many_jobs_of_a_key_are_in_the_queue_or_run(client: Redis, queue: Queue) -> None:
    ids = queue("ann", 5, concurrency_key="plotter", concurrency=2)
    other = queue("ann", 1, concurrency_key="scanner") + queue("bob", 1, concurrency_key="plotter")
    assert sorted(waiting(client)) == sorted([*ids[:2], *other])
    assert {get_job_status(job)["status"] for job in ids} == {"queued"}
    first = start(client)
    assert ids[2] not in waiting(client)
    finish(client, first)
    assert ids[2] in waiting(client)
    assert ids[3] not in waiting(client)


def test_jobs_of_a_key_run_in_their_order(client: Redis, queue: Queue) -> None:
    ids = queue("ann", 4, concurrency_key="plotter")
    ran = []
    while waiting(client):
        attempt = start(client)
        ran.append(attempt.job_id)
        (fail if len(ran) % 2 else finish)(client, attempt)
    assert ran == ids
    assert client.keys("vector:slots:*") == []
    assert client.exists(HELD) == 0


def test_a_canceled_or_deleted_job_releases_its_slot(client: Redis, queue: Queue) -> None:
    ids = queue("ann", 5, concurrency_key="plotter")
    with as_owner("ann"):
        assert cancel_job(ids[1])  # waits for a slot
        delete_job(ids[2])
        assert cancel_job(ids[0])
        assert waiting(client) == [ids[3]]
        delete_job(ids[3])
        assert waiting(client) == [ids[4]]
        delete_job(ids[4])
    assert client.keys("vector:slots:*") == []
    assert client.exists(HELD) == 0


def test_a_returned_job_keeps_its_slot(client: Redis, queue: Queue) -> None:
    ids = queue("ann", 2, concurrency_key="plotter")
    transitions.return_job(client, start(client))
    assert waiting(client) == [ids[0]]


def test_a_slot_of_a_job_that_another_program_ended_is_released(
    client: Redis, queue: Queue
) -> None:
    ids = queue("ann", 3, concurrency_key="plotter")
    assert take(client) == [ids[0]]
    client.hset(keys.job_key(ids[0]), "status", "finished")
    maintain(client)
    assert waiting(client) == [ids[1]]
    assert take(client) == [ids[1]]
    client.delete(keys.job_key(ids[1]))
    maintain(client)
    assert waiting(client) == [ids[2]]


def test_jobs_that_wait_for_a_slot_count_as_waiting(client: Redis, queue: Queue) -> None:
    use_settings(get_settings().with_values(max_queue=3))
    queue("ann", 3, concurrency_key="plotter")
    assert client.llen(keys.QUEUE_KEY) == 1
    for is_batch in (False, True):
        with pytest.raises(Exhausted, match="full"):
            queue("bob", 1, batch=is_batch)


def test_the_items_of_a_batch_share_a_key(client: Redis, run_jobs: Callable[[], None]) -> None:
    batch = submit_batch(NOTHING, [{}] * 10, JobOptions(concurrency_key="plotter", concurrency=3))
    assert waiting(client) == batch.job_ids[:3]
    run_jobs()
    assert {get_job_status(job)["status"] for job in batch.job_ids} == {"finished"}


@pytest.mark.fault
def test_the_next_job_of_a_key_runs_after_the_death_of_a_worker(
    client: Redis, start_worker: Callable[..., WorkerProcess], tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    options = JobOptions(concurrency_key="plotter", retries=0)
    task = "workers.fault_tasks.leave_a_trail"
    first = submit(task, (str(ledger), "first", 2), options=options).id
    second = submit(task, (str(ledger), "second", 0), options=options).id
    worker = start_worker()
    until(lambda: started_runs(ledger, "first"), what="the first job")
    worker.process.send_signal(signal.SIGKILL)
    worker.process.wait()
    start_worker()
    until(lambda: get_job_status(second)["status"] == "finished", seconds=40, what="the next job")
    assert get_job_status(first)["status"] in ("finished", "failed")
    trail = runs(ledger)
    assert len(trail["second"]) == 1
    assert client.keys("vector:slots:*") == []


def test_a_second_job_with_a_unique_key_is_the_first_one(client: Redis, queue: Queue) -> None:
    (first,) = queue("ann", unique_key="report")
    assert queue("ann", 3, unique_key="report") == [first] * 3
    (other,) = queue("bob", unique_key="report")
    assert waiting(client) == [first, other]
    attempt = start(client)
    assert queue("ann", unique_key="report") == [first]
    finish(client, attempt)
    (second,) = queue("ann", unique_key="report")
    assert second != first
    assert client.exists(keys.job_key(second))


@pytest.mark.parametrize("how", ["canceled", "deleted", "failed", "lost"])
def test_the_end_of_a_job_frees_its_unique_key(client: Redis, queue: Queue, how: str) -> None:
    (first,) = queue("ann", unique_key="report")
    with as_owner("ann"):
        if how == "canceled":
            assert cancel_job(first)
        elif how == "deleted":
            delete_job(first)
        elif how == "failed":
            fail(client, start(client))
        else:
            client.delete(keys.job_key(first))
    (second,) = queue("ann", unique_key="report")
    assert second != first
    if how in ("canceled", "failed"):
        # The record of an ended job expires later, and must not free the key of the second one.
        with as_owner("ann"):
            delete_job(first)
        assert queue("ann", unique_key="report") == [second]


def test_a_scheduled_job_has_its_unique_key(client: Redis, queue: Queue) -> None:
    (first,) = queue("ann", unique_key="report", run_at=time.time() + 60)
    assert queue("ann", unique_key="report") == [first]
    record = fetch_job(first)
    assert record is not None
    assert record.status == "scheduled"


def test_a_unique_key_is_for_single_jobs_without_dependencies(client: Redis, queue: Queue) -> None:
    (first,) = queue("ann")
    with pytest.raises(InvalidInput, match="depends_on"):
        queue("ann", unique_key="report", depends_on=(first,))
    with pytest.raises(InvalidInput, match="batch"):
        queue("ann", 2, batch=True, unique_key="report")
