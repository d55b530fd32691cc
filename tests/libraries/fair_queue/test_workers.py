"""Two owners and real workers: those of this service and RQ's own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from libraries.broker import Redis
from libraries.broker.connections import broker_url
from libraries.job_manager import as_owner, submit
from tests.conftest import PROBES, REPOSITORY, WorkerProcess, until
from tests.faults.trail import started_runs

pytestmark = pytest.mark.fault
RQ_WORKER = (
    "import sys, workers; workers.__path__.append(sys.argv.pop(1)); from rq.cli import main; main()"
)


@pytest.fixture
def start_rq_worker(environ: dict[str, str]) -> Iterator[Callable[[], None]]:
    """Return a function that starts `rq worker background`, which is killed after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        command = [sys.executable, "-c", RQ_WORKER, str(PROBES), "worker", "background"]
        variables = environ | {"RQ_REDIS_URL": broker_url()}
        sink = subprocess.DEVNULL
        process = subprocess.Popen(command, env=variables, cwd=REPOSITORY, stdout=sink, stderr=sink)
        started.append(process)

    yield start
    for process in started:
        process.kill()
        process.wait()


def order_of_starts(ledger: Path) -> list[str]:
    rows = ledger.read_text().splitlines() if ledger.exists() else []
    return [row.split()[1] for row in rows if row.startswith("begin")]


@pytest.mark.parametrize("kind", ["our worker", "two of our workers", "rq worker"])
def test_a_burst_of_one_owner_does_not_delay_another_owner(
    kind: str,
    client: Redis,
    tmp_path: Path,
    start_worker: Callable[..., WorkerProcess],
    start_rq_worker: Callable[[], None],
) -> None:
    """At most one job per worker starts between the request of the other owner and its start."""
    ledger, task = tmp_path / "ledger", "workers.fault_tasks.leave_a_trail"
    with as_owner("ann"):
        for number in range(500):
            submit(task, (str(ledger), f"ann{number}", 0.1))
    number_of_workers = 2 if kind.startswith("two") else 1
    for _ in range(number_of_workers):
        start_rq_worker() if kind == "rq worker" else start_worker()
    for number in range(3):
        # Again, because nobody can save up turns or lose them.
        begun = started_runs(ledger)
        until(lambda begun=begun: started_runs(ledger) > begun, seconds=30, what="a further job")  # type: ignore[misc]
        with as_owner("bob"):
            submit(task, (str(ledger), f"bob{number}", 0.1))
        before = len(order_of_starts(ledger))
        until(
            partial(started_runs, ledger, f"bob{number}"), seconds=30, what="the other owner's job"
        )
        assert order_of_starts(ledger).index(f"bob{number}") <= before + number_of_workers
    own = [name for name in order_of_starts(ledger) if name.startswith("ann")]
    assert number_of_workers > 1 or own == [f"ann{number}" for number in range(len(own))]
