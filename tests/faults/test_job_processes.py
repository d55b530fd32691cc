"""A job leaves nothing behind: neither changes of its process nor other processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis
from rq.command import send_stop_job_command

from libraries.job_manager import fetch_job, get_job_status
from tests.conftest import RUN_WORKER, WorkerProcess, until
from tests.faults.fleet import children, gone, horse_of
from tests.faults.trail import all_done, queue, runs
from tests.probes.state_tasks import CHANGES, FINAL_CHANGES

pytestmark = [pytest.mark.fault, pytest.mark.usefixtures("probe_tasks")]
StartWorker = Callable[..., WorkerProcess]
ENDINGS = ("success", "failure", "timeout", "ignored timeout", "exit", "segfault", "stop command", "horse", "worker")  # fmt: skip


def results(client: Redis, jobs: list[str]) -> list[object]:
    until(lambda: all_done(client, jobs), seconds=60, what="the jobs")
    return [get_job_status(job)["result"] for job in jobs]


def test_what_a_job_changes_is_restored(start_worker: StartWorker, client: Redis) -> None:
    worker = start_worker()
    names = [name for name in CHANGES if name not in FINAL_CHANGES]
    jobs = [queue(client, "state_tasks.look_after")]
    for name in names:
        jobs += [
            queue(client, "state_tasks.change", name),
            queue(client, "state_tasks.look_after"),
        ]
    first, *rest = results(client, jobs)
    assert isinstance(first, dict)
    for name, pid, after in zip(names, rest[::2], rest[1::2], strict=True):
        assert after == first, name
        assert pid == first["pid"], name
    assert "changed its process (umask); restored" in worker.output()


def test_what_cannot_be_restored_ends_the_process(start_worker: StartWorker, client: Redis) -> None:
    start_worker()
    jobs = [queue(client, "state_tasks.look_after")]
    for name in FINAL_CHANGES:
        jobs += [
            queue(client, "state_tasks.change", name),
            queue(client, "state_tasks.look_after"),
        ]
    first, *rest = results(client, jobs)
    assert isinstance(first, dict)
    for name, pid, after in zip(FINAL_CHANGES, rest[::2], rest[1::2], strict=True):
        assert isinstance(after, dict)
        assert after["pid"] != pid, name
        # Each process has its own working folder.
        assert {**after["found"], "directory": ""} == {**first["found"], "directory": ""}, name


def test_random_numbers_are_not_those_of_another_job(
    start_worker: StartWorker, client: Redis
) -> None:
    start_worker()
    jobs = []
    for _ in range(2):
        jobs += [queue(client, "state_tasks.seed"), queue(client, "state_tasks.roll")]
    _, first, _, second = results(client, jobs)
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert set(first).isdisjoint(second)


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_process_of_a_job_ends_with_it(
    start_worker: StartWorker, client: Redis, home: Path, ending: str
) -> None:
    """Also processes in other sessions, and daemons."""
    worker = start_worker()
    note = home / "pids"
    timeout = 1 if "timeout" in ending else 60
    how = (
        ending
        if ending in ("success", "failure", "ignored timeout", "exit", "segfault")
        else "wait"
    )
    job = queue(client, "state_tasks.leave_processes", str(note), how, job_timeout=timeout)
    until(note.exists, seconds=30, what="the processes")
    pids = [int(pid) for pid in note.read_text().split()]
    assert len(pids) == 7
    if ending == "stop command":
        send_stop_job_command(client, job)
    elif ending == "horse":
        os.kill(horse_of(worker), signal.SIGKILL)
    elif ending == "worker":
        horse = horse_of(worker)
        worker.process.kill()
        worker.process.wait()
        until(lambda: gone(horse), what="the end of the work-horse")
    if ending == "worker":
        until(lambda: all(gone(pid) for pid in pids), seconds=5, what="the end of its processes")
        return
    until(lambda: all_done(client, [job]), seconds=20, what="the job")
    # They end before the job does.
    assert [pid for pid in pids if not gone(pid)] == []
    assert zombies(worker) == []


def zombies(worker: WorkerProcess) -> list[int]:
    """Return the dead children of a worker, without those of a moment."""
    found: list[int] = []

    def none() -> bool:
        found[:] = [pid for pid in children(worker.process.pid) if gone(pid)]
        return not found

    until(none, what="the end of all zombies")
    return found


def test_a_work_horse_that_has_run_a_job_and_waits_is_replaced(
    start_worker: StartWorker, client: Redis, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A work-horse without a job yet waits as long as it takes."""
    at_once = "import libraries.worker.horse as h; h.Horse.REPLACED_AFTER_S = 0.0; "
    monkeypatch.setattr("tests.conftest.RUN_WORKER", at_once + RUN_WORKER)
    worker = start_worker()
    first = horse_of(worker)
    for key in ("a", "b"):
        before = horse_of(worker)
        job = queue(client, "fault_tasks.leave_a_trail", str(ledger), key, 0.0)
        until(lambda: all_done(client, [job]), what="the job")  # noqa: B023
        until(lambda: horse_of(worker) != before, what="another work-horse")  # noqa: B023
        assert runs(ledger)[key][0].pid == before
    assert gone(first)
    assert worker.stop() == 0


def test_a_killed_guard_is_replaced(start_worker: StartWorker, client: Redis, home: Path) -> None:
    worker = start_worker()
    until(lambda: len(children(worker.process.pid)) == 2, what="work-horse and guard")
    (guard,) = (pid for pid in children(worker.process.pid) if pid != horse_of(worker))
    os.kill(guard, signal.SIGKILL)
    until(
        lambda: (
            len(children(worker.process.pid)) == 2 and guard not in children(worker.process.pid)
        ),
        seconds=20,
        what="another guard",
    )
    note = home / "pids"
    queue(client, "state_tasks.leave_processes", str(note), "wait")
    until(note.exists, seconds=30, what="the processes")
    worker.process.kill()
    worker.process.wait()
    pids = [int(pid) for pid in note.read_text().split()]
    until(lambda: all(gone(pid) for pid in pids), seconds=5, what="the end of its processes")


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("exit", "the process that ran the job ended with exit code 1"),
        ("segfault", "the process that ran the job was killed by SIGSEGV"),
        ("abort", "the process that ran the job was killed by SIGABRT"),
    ],
)
def test_the_death_of_the_process_is_reported_in_words(
    start_worker: StartWorker, client: Redis, how: str, text: str
) -> None:
    start_worker()
    job = queue(client, "state_tasks.end_by", how)
    until(lambda: all_done(client, [job]), seconds=20, what="the job")
    record = fetch_job(job)
    assert record is not None
    assert (record.error_code, record.public_error) == ("worker-lost", text)
    assert record.error == f"WorkerLost: {text}"
    assert [one["error"] for one in record.attempts] == [f"WorkerLost: {text}"]


def test_a_killed_job_that_ignored_its_timeout_is_reported_as_timeout(
    start_worker: StartWorker, client: Redis
) -> None:
    start_worker()
    job = queue(client, "state_tasks.end_by", "ignored timeout", job_timeout=1)
    until(lambda: all_done(client, [job]), seconds=30, what="the job")
    record = fetch_job(job)
    assert record is not None
    assert record.error_code == "timeout"
    assert record.public_error == "the job ran longer than its timeout of 1 s and was killed"


@pytest.mark.parametrize("task", ["fault_tasks.eat", "state_tasks.gather"])
def test_a_job_over_its_memory_limit_is_told_the_limit(
    start_worker: StartWorker, client: Redis, task: str
) -> None:
    start_worker(JOB_MEMORY="1GB")
    arguments = [2 * 10**9] if task == "fault_tasks.eat" else []
    job = queue(client, task, *arguments, retries=3)
    modest = queue(client, "fault_tasks.eat", 10**6)
    until(lambda: all_done(client, [job, modest]), seconds=30, what="the jobs")
    record = fetch_job(job)
    assert record is not None
    assert (record.status, record.error_code) == ("failed", "memory-limit")
    assert record.public_error == "the job needs more memory than its limit, JOB_MEMORY=1000MB"
    assert get_job_status(modest)["status"] == "finished"
