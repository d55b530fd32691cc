"""`python -m workers` with several workers: kills of the supervisor and of workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from libraries.broker.embedded import EmbeddedBroker
from libraries.job_manager import get_job_status
from libraries.job_manager.control import queue_health
from tests.conftest import PROBES, REPOSITORY, until
from tests.faults.fleet import children, gone, processes_of
from tests.faults.trail import all_done, queue, runs, started_runs

pytestmark = [pytest.mark.fault, pytest.mark.usefixtures("probe_tasks")]
# The supervisor of `python -m workers`, which calls a worker frozen after three seconds instead of thirteen.
IMPATIENT = """
import sys
from libraries import supervision
supervision.FROZEN_AFTER_S = 3.0
sys.argv = ["workers.supervisor", "2"]
from workers.supervisor import main
sys.exit(main())
"""
Supervise = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def supervise(broker: EmbeddedBroker, environ: dict[str, str], home: Path) -> Iterator[Supervise]:
    """Return a function that starts two workers under a supervisor, with the tasks of the probes."""
    folder = home / "workers"
    folder.mkdir()
    for path in [*(REPOSITORY / "workers").glob("*.py"), *PROBES.glob("*.py")]:
        (folder / path.name).symlink_to(path)
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        with (home / f"supervisor{len(started)}.log").open("wb") as sink:
            started.append(
                subprocess.Popen(
                    [sys.executable, "-c", IMPATIENT],
                    env=environ,
                    cwd=home,
                    stdout=sink,
                    stderr=sink,
                )
            )
        until(lambda: queue_health()["workers"] >= 2, what="two workers")
        return started[-1]

    yield start
    for supervisor in started:
        supervisor.kill()
        supervisor.wait()


def worker_of(supervisor: subprocess.Popen[bytes], horse: int) -> int:
    """Return the worker of a work-horse."""
    (worker,) = (pid for pid in children(supervisor.pid) if horse in children(pid))
    return worker


def test_a_killed_worker_is_replaced_and_its_job_finishes(
    supervise: Supervise, client: Redis, ledger: Path
) -> None:
    supervisor = supervise()
    before = set(children(supervisor.pid))
    job = queue(client, "fault_tasks.leave_a_trail", str(ledger), "a", 2.0, retries=1)
    until(lambda: started_runs(ledger) == 1, what="the first run")
    victim = worker_of(supervisor, runs(ledger)["a"][0].pid)
    os.kill(victim, signal.SIGKILL)
    until(
        lambda: len(set(children(supervisor.pid)) - {victim}) == 2, seconds=5, what="a new worker"
    )
    assert len(before & set(children(supervisor.pid))) == 1
    until(lambda: all_done(client, [job]), seconds=15, what="the job")
    assert get_job_status(job)["status"] == "finished"


def test_a_frozen_worker_is_replaced_and_its_job_finishes(
    supervise: Supervise, client: Redis, ledger: Path
) -> None:
    supervisor = supervise()
    before = set(children(supervisor.pid))
    job = queue(client, "fault_tasks.leave_a_trail", str(ledger), "a", 2.0, retries=1)
    until(lambda: started_runs(ledger) == 1, what="the first run")
    horse = runs(ledger)["a"][0].pid
    victim = worker_of(supervisor, horse)
    for process in (victim, horse):
        os.kill(process, signal.SIGSTOP)
    until(lambda: gone(victim) and gone(horse), seconds=10, what="the end of the frozen worker")
    until(
        lambda: len(set(children(supervisor.pid)) - {victim}) == 2, seconds=10, what="a new worker"
    )
    assert len(before & set(children(supervisor.pid))) == 1
    until(lambda: all_done(client, [job]), seconds=30, what="the job")
    assert get_job_status(job)["status"] == "finished"


def test_a_killed_supervisor_leaves_no_child_process(
    supervise: Supervise, client: Redis, home: Path
) -> None:
    """No old process may run together with a new one."""
    supervisor = supervise()
    pid_file = home / "child.pid"
    queue(client, "fault_tasks.start_a_child", str(pid_file), 60)
    until(pid_file.exists, what="the child of a job")
    child = int(pid_file.read_text())
    supervisor.kill()
    supervisor.wait()
    until(lambda: gone(child), seconds=3, what="the end of the child")
    until(lambda: not processes_of(str(home)), seconds=3, what="the end of the others")


def test_one_sigterm_ends_all_workers_after_their_jobs(
    supervise: Supervise, client: Redis, ledger: Path
) -> None:
    supervisor = supervise()
    jobs = [queue(client, "fault_tasks.leave_a_trail", str(ledger), key, 1.0) for key in ("a", "b")]
    waiting = queue(client, "fault_tasks.leave_a_trail", str(ledger), "c", 0.0)
    until(lambda: started_runs(ledger) == 2, what="two running jobs")
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(10) == 0
    assert [get_job_status(job)["status"] for job in (*jobs, waiting)] == [
        "finished",
        "finished",
        "queued",
    ]
    assert queue_health()["workers"] == 0
