"""The broker hangs, replies are lost, its memory is full."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis, exceptions

from libraries.broker.embedded import EmbeddedBroker
from libraries.broker.keys import QUEUE_KEY
from libraries.job_manager.control import queue_health
from libraries.settings import Settings, read_settings, use_settings
from libraries.worker.worker import VectorWorker
from tests.conftest import Stopwatch, WorkerProcess, until
from tests.faults.cutting_proxy import LOSE, CuttingProxy
from tests.faults.fleet import horse_of
from tests.faults.storms import QUEUED, SIMPLE
from tests.faults.trail import all_done, leftovers, queue, report, runs, started_runs, states
from tests.forked import run_python
from tests.watchful import watchful_client

pytestmark = [pytest.mark.fault, pytest.mark.usefixtures("probe_tasks")]
StartWorker = Callable[..., WorkerProcess]


def test_with_a_hanging_broker_requests_fail_fast_and_no_job_is_queued_twice(
    private_broker: EmbeddedBroker,
    start_worker: StartWorker,
    settings: Settings,
    client: Redis,
    ledger: Path,
) -> None:
    web = watchful_client(settings)
    start_worker()
    running = queue(client, "fault_tasks.leave_a_trail", str(ledger), "running", 2.0, retries=1)
    until(lambda: started_runs(ledger) == 1, what="a running job")
    assert private_broker.pid is not None
    os.kill(private_broker.pid, signal.SIGSTOP)
    hung = time.monotonic()
    slowest = 0.0
    try:
        while time.monotonic() < hung + 6:
            for method, path, body in (
                ("POST", "/artboard/create", QUEUED),
                ("GET", "/readyz", None),
            ):
                requested_at = time.monotonic()
                reply = web.open(path, method=method, json=body)
                assert reply.status_code == 503
                assert int(reply.headers["Retry-After"]) >= 1
                slowest = max(slowest, time.monotonic() - requested_at)
            assert web.post("/artboard/create", json=SIMPLE).status_code == 200
    finally:
        os.kill(private_broker.pid, signal.SIGCONT)
    report(f"slowest answer {slowest:.2f} s")
    assert slowest <= 3
    entries = Counter(client.lrange(QUEUE_KEY, 0, -1))
    assert not entries or max(entries.values()) == 1
    until(
        lambda: all_done(client, [running]) and leftovers(client) == (0, 0, 0),
        seconds=20,
        what="the end of all jobs",
    )
    assert states(client, [running]) == {"finished": 1}
    assert len([run for run in runs(ledger)["running"] if run.ended < float("inf")]) == 1


def test_submissions_with_lost_replies_queue_one_job_each(
    proxy: CuttingProxy,
    settings: Settings,
    start_worker: StartWorker,
    client: Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: set[bytes] = set()

    def lose_the_first(block: bytes) -> str | None:
        # The arguments of the script contain the key of the job.
        found = re.search(rb"rq:job:([a-z0-9]{32})", block)
        if found is None or b"EVAL" not in block or found[1] in seen:
            return None
        seen.add(found[1])
        return LOSE

    proxy.rule = lose_the_first
    monkeypatch.setenv("REDIS_URL", proxy.url)
    web = watchful_client(use_settings(read_settings(None)))
    replies = [web.post("/artboard/create", json=QUEUED | {"id": f"cut{n}"}) for n in range(100)]
    use_settings(settings)
    assert {reply.status_code for reply in replies} <= {200, 202}
    assert proxy.lost == 100
    ids = [reply.get_json()["job_id"] for reply in replies]
    assert sorted(client.lrange(QUEUE_KEY, 0, -1)) == sorted(job_id.encode() for job_id in ids)
    worker = start_worker()
    until(lambda: all_done(client, ids), seconds=20, what="the end of all jobs")
    assert states(client, ids) == {"finished": 100}
    # Logged after the end of a job is recorded.
    until(lambda: worker.output().count(" executed in ") == 100, what="the log of all jobs")


@contextmanager
def no_room(client: Redis) -> Iterator[None]:
    """Leave the broker no free memory."""
    client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        client.config_set("maxmemory", 0)


@pytest.mark.usefixtures("private_broker")
def test_with_full_broker_memory_submissions_fail_and_running_jobs_end(
    start_worker: StartWorker, client: Redis, settings: Settings, ledger: Path
) -> None:
    web = watchful_client(settings)
    worker = start_worker()
    running = queue(client, "fault_tasks.leave_a_trail", str(ledger), "running", 7.0, retries=1)
    waiting = queue(client, "fault_tasks.leave_a_trail", str(ledger), "waiting", 0.0)
    until(lambda: started_runs(ledger) == 1, what="a running job")
    with no_room(client):
        stopwatch = Stopwatch()
        reply = web.post("/artboard/create", json=QUEUED)
        assert reply.status_code == 503
        assert stopwatch.seconds() <= 1
        assert "Retry-After" in reply.headers
        until(lambda: all_done(client, [running]), seconds=12, what="the end of the running job")
        assert states(client, [running]) == {"finished": 1}
        assert started_runs(ledger, "running") == 1, "its heartbeats were accepted"
    room = Stopwatch()
    until(lambda: all_done(client, [waiting]), seconds=35, what="the waiting job")
    assert room.seconds() < 5
    accepted = web.post("/artboard/create", json=QUEUED)
    assert accepted.status_code in (200, 202)
    until(lambda: all_done(client, [accepted.get_json()["job_id"]]), what="a new job")
    assert worker.process.poll() is None


@pytest.mark.usefixtures("private_broker")
def test_an_idle_worker_survives_full_broker_memory(
    start_worker: StartWorker, client: Redis
) -> None:
    worker = start_worker()
    horse = horse_of(worker)
    with no_room(client):
        patience = time.monotonic() + 6  # longer than one wait for a job
        until(lambda: time.monotonic() > patience or worker.process.poll() is not None)
    job = queue(client, "probe_tasks.nothing")
    until(lambda: all_done(client, [job]), what="a job")
    assert worker.process.poll() is None
    assert horse_of(worker) == horse, "the work-horse survived as well"


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_a_worker_rejects_a_broker_that_evicts_keys(
    private_broker: EmbeddedBroker, client: Redis, environ: dict[str, str], policy: str
) -> None:
    """Such a broker silently loses jobs when its memory is full."""
    client.config_set("maxmemory-policy", policy)
    ended = run_python("-m", "workers", "--burst", environ=environ)
    assert ended.returncode == 1
    output = ended.stdout + ended.stderr
    assert policy in output
    assert "noeviction" in output
    assert "Traceback" not in output


def test_a_worker_with_an_expired_record_registers_again(
    start_worker: StartWorker, client: Redis
) -> None:
    """The record expires during an outage that is longer than its lifetime."""
    worker = start_worker()
    until(lambda: queue_health()["workers"] == 1, what="one worker")
    (key,) = client.smembers("rq:workers")
    client.delete(key)
    until(lambda: queue_health()["workers"] == 1, seconds=12, what="the worker's return")
    assert worker.stop() == 0
    assert queue_health()["workers"] == 0


@pytest.mark.parametrize(
    "error",
    [exceptions.ConnectionError(), exceptions.TimeoutError(), exceptions.BusyLoadingError()],
)
def test_the_command_listener_survives_every_error_of_the_broker(
    broker: EmbeddedBroker, settings: Settings, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    worker = VectorWorker(settings)
    try:
        worker._pubsub_exception_handler(error, None, None)
    finally:
        worker.connection.close()
