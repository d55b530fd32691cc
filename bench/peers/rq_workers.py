"""The workers that share the product's queue: its own, and RQ's two."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import ClassVar

from rq.job import Job
from rq.registry import FinishedJobRegistry

from bench.machinery import NO_OP, QUEUE, BenchTrouble, Crew, our_worker, stock_worker
from bench.peers.peer import Peer
from libraries.job_manager import submit

FINISHED = FinishedJobRegistry.key_template.format(QUEUE)
LOOK_EVERY = 0.0002
PAUSE = 0.02
PATIENCE = 30.0


class RqPeer(Peer):
    """A worker on the queue `background`; jobs are queued by the product's own job manager."""

    standard = True

    @abstractmethod
    def command(self) -> list[str]:
        """Return the worker's command."""

    def enqueue(self, jobs: int) -> None:
        """Queue no-ops as a request would, one call each."""
        for _ in range(jobs):
            submit(NO_OP)

    def start(self, crew: Crew, workers: int) -> None:
        """Start separate worker processes."""
        for _ in range(workers):
            crew.start(self.command())

    def done(self) -> int:
        """Return the length of the list of finished jobs."""
        return int(self.bench.client.zcard(FINISHED))

    def idle_latency(self, jobs: int) -> list[float]:
        """Queue a job and look at its record until it says `finished`."""
        return [self._one() for _ in range(jobs)]

    def _one(self) -> float:
        time.sleep(PAUSE)
        started = time.perf_counter()
        key = Job.key_for(submit(NO_OP).id)
        while self.bench.client.hget(key, "status") != b"finished":
            if time.perf_counter() - started > PATIENCE:
                raise BenchTrouble(f"a no-op was not finished in {PATIENCE:.0f} s")
            time.sleep(LOOK_EVERY)
        return 1000 * (time.perf_counter() - started)


class OurWorker(RqPeer):
    """The product's worker."""

    name = "python -m workers"
    note = "`--single`, default settings, which write two lines of log a job"
    jobs_factor = 4

    def command(self) -> list[str]:
        """Return the worker's command."""
        return our_worker()


class StockWorker(RqPeer):
    """RQ's default worker, which forks for every job."""

    name = "rq worker"
    note = "`-S json -q`"
    options: ClassVar[list[str]] = ["-q"]

    def command(self) -> list[str]:
        """Return the worker's command."""
        return stock_worker(self.bench.url, *self.options)


class SimpleWorker(StockWorker):
    """RQ's worker without a fork: a job that crashes takes it along, and a running job cannot be stopped."""

    name = "rq SimpleWorker"
    note = "`-S json -q -w rq.worker.SimpleWorker`; runs jobs in its own process: no job can be stopped or killed alone"
    options: ClassVar[list[str]] = ["-q", "-w", "rq.worker.SimpleWorker"]
    jobs_factor = 3


PEERS = (OurWorker, StockWorker, SimpleWorker)
