"""The step that commits a result and takes the next job, and the report of a worker."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest
from redis import Redis

from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.job_manager import get_job_status, submit
from libraries.job_manager.transitions import (
    Attempt,
    Outcome,
    WorkerReport,
    finish_and_take,
    heartbeat,
    reap,
    take,
)

NOTHING = "workers.probe_tasks.nothing"
OUTCOME = Outcome(result=None, lifetime=60)

pytestmark = pytest.mark.usefixtures("broker", "probe_tasks")


@pytest.fixture
def client() -> Redis:
    return web_client()


def started(client: Redis, report: WorkerReport | None = None) -> Attempt:
    execution_id = uuid4().hex
    record = take(client, "w", execution_id, time.time(), report=report)
    assert isinstance(record, dict)
    return Attempt(record[b"id"].decode(), execution_id, "w", time.time())


def go_on(client: Redis, attempt: Attempt, report: WorkerReport) -> tuple[int, str | None]:
    """Finish a job and take the next; return the result of the first and the id of the second."""
    done, record = finish_and_take(
        client, attempt, time.time(), OUTCOME, execution_id=uuid4().hex, report=report
    )
    return done, record[b"id"].decode() if isinstance(record, dict) else None


def test_a_result_is_committed_and_the_next_job_taken_in_one_step(client: Redis) -> None:
    first, second = submit(NOTHING).id, submit(NOTHING).id
    attempt = started(client)
    assert go_on(client, attempt, WorkerReport()) == (1, second)
    assert [get_job_status(one)["status"] for one in (first, second)] == ["finished", "started"]


def test_a_step_whose_reply_was_lost_commits_once_and_takes_another_job(client: Redis) -> None:
    ids = [submit(NOTHING).id for _ in range(3)]
    attempt, report = started(client), WorkerReport()
    assert go_on(client, attempt, report) == (1, ids[1])
    assert go_on(client, attempt, report) == (1, ids[2])
    assert go_on(client, attempt, report) == (1, None)
    assert client.xlen(keys.results_key(ids[0])) == 1


def test_a_taken_job_that_sent_no_heartbeat_is_queued_again_without_an_attempt(
    client: Redis,
) -> None:
    job = submit(NOTHING).id
    attempt = started(client)
    member = f"{job}:{attempt.execution_id}"
    client.zadd(keys.STARTED_KEY, {member: 1})
    assert reap(client, time.time(), 60).requeued == 1
    assert not heartbeat(client, attempt, time.time())
    again = started(client)
    assert heartbeat(client, again, time.time())
    client.zadd(keys.STARTED_KEY, {f"{job}:{again.execution_id}": 1})
    assert reap(client, time.time(), 60).lost == 1


def test_a_worker_reports_its_finished_jobs_when_it_is_idle_and_now_and_then(client: Redis) -> None:
    for _ in range(3):
        submit(NOTHING)
    report, key = WorkerReport(), keys.worker_key("w")
    attempt = started(client, report)
    assert client.hget(key, "state") == b"busy"
    report.add(0.25)
    assert go_on(client, attempt, report)[1]
    assert client.hget(key, "successful_job_count") is None
    report.add(0.5)
    report.sent_at = 0.0
    go_on(client, attempt, report)
    assert client.hget(key, "successful_job_count") == b"2"
    report.add(0.25)
    assert take(client, "w", uuid4().hex, time.time(), report=report) is None
    assert client.hmget(key, "state", "successful_job_count", "total_working_time") == [
        b"idle", b"3", b"1",
    ]  # fmt: skip
    report.add(1.0)
    report.send(client, "w")
    assert client.hget(key, "successful_job_count") == b"4"
