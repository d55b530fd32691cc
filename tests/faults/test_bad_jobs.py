"""Jobs that damage the worker or run out of space end, and other jobs continue."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from libraries.job_manager import fetch_job
from libraries.settings import Settings
from libraries.storage import own_name
from tests.conftest import Stopwatch, WorkerProcess, until
from tests.faults.fleet import Fleet, horse_of
from tests.faults.trail import all_done, leftovers, queue, report, started_runs, states

pytestmark = [pytest.mark.fault, pytest.mark.usefixtures("probe_tasks")]
StartWorker = Callable[..., WorkerProcess]


def failure(job_id: str) -> tuple[str, str | None, str | None]:
    record = fetch_job(job_id)
    assert record is not None
    return record.status, record.error_code, record.error


def test_every_kind_of_poison_job_fails_and_a_hundred_others_finish(
    fleet: Callable[[int], Fleet], client: Redis, ledger: Path
) -> None:
    three = fleet(3)
    started = time.monotonic()
    poison = {
        "kills the worker": queue(
            client, "fault_tasks.kill_the_worker", str(ledger), "worker", retries=3
        ),
        "kills itself": queue(client, "fault_tasks.kill_itself", str(ledger), "itself", retries=3),
        "is stuck": queue(client, "probe_tasks.deaf", 60, job_timeout=1),
        "swallows": queue(client, "probe_tasks.swallow", 60, job_timeout=1),
        "takes all memory": queue(client, "fault_tasks.eat", 10**12, retries=3),
    }
    others = [
        queue(client, "fault_tasks.leave_a_trail", str(ledger), f"o{n}", 0.02, retries=3)
        for n in range(100)
    ]
    ended: dict[str, float] = {}

    def all_over() -> bool:
        three.tend()
        for name in [
            name for name, job in poison.items() if name not in ended and all_done(client, [job])
        ]:
            ended[name] = time.monotonic() - started
        return len(ended) == len(poison) and all_done(client, others)

    until(all_over, seconds=60, what="the end of all jobs")
    report({name: f"{seconds:.1f} s" for name, seconds in ended.items()})
    assert states(client, others) == {"finished": 100}
    assert states(client, poison.values()) == {"failed": 5}
    assert started_runs(ledger, "worker") == 4
    assert started_runs(ledger, "itself") == 4
    assert ended["is stuck"] <= 1 + 10
    assert ended["swallows"] <= 1 + 10
    assert ended["takes all memory"] <= 5
    assert failure(poison["kills the worker"])[1] == "poison"
    assert leftovers(client) == (0, 0, 0)


def test_a_job_over_its_memory_limit_fails_alone_and_is_not_retried(
    start_worker: StartWorker, client: Redis
) -> None:
    start_worker(JOB_MEMORY="1GB")
    started = Stopwatch()
    greedy, modest = (
        queue(client, "fault_tasks.eat", 2 * 10**9, retries=3),
        queue(client, "fault_tasks.eat", 10**6),
    )
    until(lambda: all_done(client, [greedy, modest]), what="both jobs")
    assert started.seconds() < 5
    assert failure(greedy)[0] == "failed"
    assert "MemoryError" in str(failure(greedy)[2])
    assert failure(modest)[0] == "finished"


def test_a_job_over_its_cpu_limit_ends(start_worker: StartWorker, client: Redis) -> None:
    worker = start_worker(JOB_CPU="1")
    greedy = queue(client, "fault_tasks.burn", 60)
    until(lambda: all_done(client, [greedy]), seconds=15, what="the job")
    assert failure(greedy) == (
        "failed",
        "worker-lost",
        "WorkerLost: the job needs more processor time than its limit, JOB_CPU=1s",
    )
    modest = queue(client, "fault_tasks.burn", 0.1)
    until(lambda: all_done(client, [modest]), what="the next job")
    assert failure(modest)[0] == "finished"
    assert worker.process.poll() is None


def test_a_job_without_disk_space_fails_and_leaves_no_partial_file(
    start_worker: StartWorker, client: Redis, settings: Settings
) -> None:
    worker = start_worker(JOB_FILE_SIZE="1MB")
    horse = horse_of(worker)
    large, small = (
        queue(client, "fault_tasks.fill", "large.txt", 8 << 20),
        queue(client, "fault_tasks.fill", "small.txt", 8192),
    )
    until(lambda: all_done(client, [large, small]), what="both jobs")
    assert failure(large)[:2] == ("failed", "storage-full")
    assert failure(small)[0] == "finished"
    folder = settings.storage.output_dir
    left = [path.relative_to(folder).as_posix() for path in folder.rglob("*.*")]
    assert sorted(left) == [own_name("small.txt", small), "small.txt"]
    assert not (folder / "jobs" / large).exists()
    assert horse_of(worker) == horse, "the same work-horse continued"
