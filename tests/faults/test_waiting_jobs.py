"""Due retries, dependent jobs, a paused queue."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue

from libraries.broker.connections import broker_url
from libraries.broker.keys import QUEUE, QUEUE_KEY
from libraries.broker.scripts import script
from libraries.job_manager import fetch_job
from libraries.settings import Settings
from tests.conftest import Stopwatch, WorkerProcess, until
from tests.faults.cutting_proxy import HOLD, LOSE, CuttingProxy, Once
from tests.faults.fleet import horse_of
from tests.faults.trail import all_done, leftovers, queue, report, runs, started_runs, states

pytestmark = [pytest.mark.fault, pytest.mark.usefixtures("probe_tasks")]
StartWorker = Callable[..., WorkerProcess]


def test_a_failing_task_is_retried_after_each_delay_even_if_the_worker_is_killed(
    start_worker: StartWorker, client: Redis, ledger: Path
) -> None:
    pauses = [1.0, 2.0, 4.0]
    worker = start_worker()
    job = queue(client, "fault_tasks.fail", str(ledger), "a", retries=3, intervals=pauses)
    until(lambda: started_runs(ledger) == 3, seconds=15, what="the third run")
    until(lambda: states(client, [job]) == {"scheduled": 1}, what="the last pause")
    worker.process.kill()
    worker.process.wait()
    start_worker()
    until(lambda: all_done(client, [job]), seconds=15, what="the end of the job")
    record = fetch_job(job)
    assert record is not None
    assert (record.status, record.attempt, record.retries_left) == ("failed", 4, 0)
    assert [attempt["error"] for attempt in record.attempts] == [
        "ValueError: this task always fails"
    ] * 4
    times = [
        (datetime.fromisoformat(row["started_at"]), datetime.fromisoformat(row["ended_at"]))
        for row in record.attempts
    ]
    waited = [(times[n + 1][0] - times[n][1]).total_seconds() for n in range(3)]
    report(f"pauses {pauses}, waited {waited}")
    for pause, seconds in zip(pauses, waited, strict=True):
        # A due job waits for the next tick of the reaper, which runs each second.
        assert 0.8 * pause <= seconds <= 1.2 * pause + 2


def test_a_job_that_is_due_without_a_worker_runs_soon_after_a_start(
    start_worker: StartWorker, client: Redis, ledger: Path
) -> None:
    worker = start_worker()
    job = queue(client, "fault_tasks.fail", str(ledger), "a", retries=1, intervals=[1.0])
    until(lambda: states(client, [job]) == {"scheduled": 1}, what="the pause")
    worker.process.kill()
    worker.process.wait()
    late = time.monotonic() + 2
    until(lambda: time.monotonic() > late)
    start_worker()
    back = Stopwatch()
    until(lambda: started_runs(ledger) == 2, what="the second run")
    assert back.seconds() <= 5


def dependent(client: Redis, job_id: str, ledger: Path) -> str:
    """Queue a job that depends on another one, as RQ does."""
    job = Queue(QUEUE, connection=client).enqueue_call(
        "workers.fault_tasks.leave_a_trail",
        args=(str(ledger), "after", 0.0),
        depends_on=job_id,
        timeout=60,
    )
    return str(job.id)


@pytest.mark.parametrize("how", ["in peace", "commit not heard of", "killed after the commit"])
def test_a_dependent_job_runs_when_its_dependency_has_finished(
    start_worker: StartWorker, proxy: CuttingProxy, client: Redis, ledger: Path, how: str
) -> None:
    client.script_load(script("job_manager/finish_and_take").text)
    first = queue(client, "fault_tasks.leave_a_trail", str(ledger), "first", 0.3)
    after = dependent(client, first, ledger)
    if how != "in peace":
        proxy.rule = Once(
            LOSE if how == "commit not heard of" else HOLD,
            "EVALSHA",
            script("job_manager/finish_and_take").sha,
        )
    worker = start_worker(REDIS_URL=proxy.url)
    if how == "killed after the commit":
        assert proxy.holding.wait(10)
        worker.process.kill()
        worker.process.wait()
        proxy.let_go.set()
        start_worker()
    until(lambda: all_done(client, [first, after]), seconds=15, what="both jobs")
    assert states(client, [first, after]) == {"finished": 2}
    assert started_runs(ledger, "first") == 1
    assert started_runs(ledger, "after") == 1


def test_a_dependent_job_runs_if_the_work_horse_died_right_after_the_commit(
    start_worker: StartWorker, proxy: CuttingProxy, client: Redis, ledger: Path
) -> None:
    client.script_load(script("job_manager/finish_and_take").text)
    first = queue(client, "fault_tasks.leave_a_trail", str(ledger), "first", 0.3)
    after = dependent(client, first, ledger)
    proxy.rule = Once(HOLD, "EVALSHA", script("job_manager/finish_and_take").sha)
    worker = start_worker(REDIS_URL=proxy.url)
    assert proxy.holding.wait(10)
    os.kill(horse_of(worker), signal.SIGKILL)
    proxy.let_go.set()
    until(lambda: all_done(client, [first, after]), seconds=15, what="both jobs")
    assert states(client, [first, after]) == {"finished": 2}
    assert started_runs(ledger, "first") == 1


def test_a_paused_queue_runs_nothing_until_it_is_resumed(
    start_worker: StartWorker, client: Redis, settings: Settings, ledger: Path
) -> None:
    """With RQ's commands, and for a job that is queued while a worker waits."""
    start_worker()
    rq = [str(Path(sys.executable).parent / "rq")]
    running = queue(client, "fault_tasks.leave_a_trail", str(ledger), "running", 1.5)
    until(lambda: started_runs(ledger) == 1, what="a running job")
    subprocess.run(
        [*rq, "suspend", "-u", broker_url(settings)], check=True, capture_output=True, timeout=30
    )
    jobs = [queue(client, "fault_tasks.leave_a_trail", str(ledger), f"w{n}", 0.0) for n in range(3)]
    until(lambda: all_done(client, [running]), what="the running job")
    quiet = time.monotonic() + 1.5
    until(lambda: time.monotonic() > quiet)
    assert started_runs(ledger) == 1
    assert client.lrange(QUEUE_KEY, 0, -1) == [job.encode() for job in jobs]
    subprocess.run(
        [*rq, "resume", "-u", broker_url(settings)], check=True, capture_output=True, timeout=30
    )
    until(lambda: all_done(client, jobs), seconds=5, what="the jobs that waited")
    assert list(runs(ledger)) == ["running", "w0", "w1", "w2"]
    assert leftovers(client) == (0, 0, 0)
