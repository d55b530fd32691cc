"""Reapers outside of workers, and reapers after a pause of the whole machine."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from libraries.broker.keys import STARTED_KEY
from libraries.job_manager import fetch_job, get_job_status
from libraries.job_manager.transitions import LEASE_S
from libraries.worker.reaper import TICK_S
from tests.conftest import WorkerProcess, until
from tests.faults.fleet import children
from tests.faults.trail import leftovers, queue, started_runs
from tests.test_app_server import Server

pytestmark = [pytest.mark.fault, pytest.mark.usefixtures("probe_tasks")]


@pytest.fixture
def worker(start_worker: Callable[..., WorkerProcess]) -> WorkerProcess:
    return start_worker()


def status(job_id: str) -> str:
    return str(get_job_status(job_id)["status"])


def running(client: Redis) -> list[str]:
    return [bytes(member).decode() for member in client.zrange(STARTED_KEY, 0, -1)]  # type: ignore[arg-type]


def expire_leases(client: Redis) -> None:
    for member in running(client):
        client.zadd(STARTED_KEY, {member: 1})


def holds_its_job(client: Redis) -> bool:
    """Return whether a heartbeat has replaced the lease of the only running job."""
    return [client.exists(f"rq:execution:{one}") for one in running(client)] == [1]


@pytest.mark.parametrize("retries", [0, 1])
def test_a_job_of_a_dead_worker_is_settled_by_the_web_process_alone(
    worker: WorkerProcess, environ: dict[str, str], home: Path, client: Redis, retries: int
) -> None:
    ledger = home / "ledger"
    job = queue(client, "fault_tasks.leave_a_trail", str(ledger), "a", 60, retries=retries)
    until(lambda: started_runs(ledger) == 1 and holds_its_job(client), what="the run")
    worker.process.kill()
    worker.process.wait()
    expire_leases(client)
    web = Server(environ, home)
    try:
        until(lambda: status(job) != "started", seconds=30, what="the end of the run")
    finally:
        web.process.terminate()
        web.process.wait(20)
    if retries:
        assert status(job) == "queued"
        assert leftovers(client) == (1, 0, 0)
    else:
        record = fetch_job(job)
        assert record is not None
        assert (record.status, record.error_code) == ("failed", "worker-lost")


def test_after_a_pause_of_the_machine_a_running_job_goes_on(
    worker: WorkerProcess, client: Redis, ledger: Path
) -> None:
    """All leases have expired before the first process continues."""
    job = queue(client, "fault_tasks.leave_a_trail", str(ledger), "a", 12, retries=3)
    until(lambda: started_runs(ledger) == 1 and holds_its_job(client), what="the run")
    family = [worker.process.pid, *children(worker.process.pid)]
    for pid in family:
        os.kill(pid, signal.SIGSTOP)
    # The pause is recognized by the clock.
    time.sleep(TICK_S + LEASE_S + 1)
    expire_leases(client)
    for pid in family:
        os.kill(pid, signal.SIGCONT)
    until(lambda: status(job) == "finished", seconds=40, what="the job")
    assert started_runs(ledger) == 1
    record = fetch_job(job)
    assert record is not None
    assert record.attempts == []
