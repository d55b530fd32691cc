"""Workers on the product's queue: its own and the two of RQ."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import ClassVar

from rq.job import Job
from rq.registry import FinishedJobRegistry

from bench.machinery import NO_OP, QUEUE, BenchError, ProcessGroup, our_worker, stock_worker
from bench.peers.peer import Peer
from libraries.job_manager import submit

FINISHED = FinishedJobRegistry.key_template.format(QUEUE)
POLL_S = 0.0002
PAUSE_S = 0.02
TIMEOUT_S = 30.0


class RqPeer(Peer):
    """A worker on the queue `background`; jobs are queued by the product's job manager."""

    standard = True

    @abstractmethod
    def command(self) -> list[str]:
        """Return the worker's command."""

    def enqueue(self, jobs: int) -> None:
        """Queue no-ops as requests do, with one call each."""
        for _ in range(jobs):
            submit(NO_OP)

    def start(self, group: ProcessGroup, workers: int) -> None:
        """Start separate worker processes."""
        for _ in range(workers):
            group.start(self.command())

    def done(self) -> int:
        """Return the size of the registry of finished jobs."""
        return int(self.bench.client.zcard(FINISHED))

    def idle_latency(self, jobs: int) -> list[float]:
        """Queue jobs one by one and poll the status of each."""
        return [self._one() for _ in range(jobs)]

    def _one(self) -> float:
        time.sleep(PAUSE_S)
        started = time.perf_counter()
        key = Job.key_for(submit(NO_OP).id)
        while self.bench.client.hget(key, "status") != b"finished":
            if time.perf_counter() - started > TIMEOUT_S:
                raise BenchError(f"a no-op was not finished in {TIMEOUT_S:.0f} s")
            time.sleep(POLL_S)
        return 1000 * (time.perf_counter() - started)


class OurWorker(RqPeer):
    """The product's worker."""

    name = "python -m workers"
    note = "`--single`, default settings, which log two lines per job"
    jobs_factor = 4

    def command(self) -> list[str]:
        return our_worker()


class StockWorker(RqPeer):
    """RQ's default worker, with a fork per job."""

    name = "rq worker"
    note = "`-q`"
    options: ClassVar[list[str]] = ["-q"]

    def command(self) -> list[str]:
        return stock_worker(self.bench.url, *self.options)


class SimpleWorker(StockWorker):
    """RQ's worker without forks: a crashing job ends the worker, and running jobs cannot be stopped."""

    name = "rq SimpleWorker"
    note = "`-q -w rq.worker.SimpleWorker`; runs jobs in its own process, so they cannot be stopped or killed separately"
    options: ClassVar[list[str]] = ["-q", "-w", "rq.worker.SimpleWorker"]
    jobs_factor = 3


PEERS = (OurWorker, StockWorker, SimpleWorker)
