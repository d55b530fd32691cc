"""Interface of queue systems."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from bench.machinery import Bench, ProcessGroup


class Peer(ABC):
    """One queue system: how its jobs are queued, run and counted.

    Attributes:
        name: name in the table.
        note: settings that differ from the defaults.
        standard: whether it is measured without `--peers`.
        is_reference: whether it is measured with `--peers queues`.
        jobs_factor: multiplier for the number of jobs.
        on_broker: whether it uses the broker of the run, so that the broker's counters apply.
    """

    name: ClassVar[str]
    note: ClassVar[str] = ""
    standard: ClassVar[bool] = False
    is_reference: ClassVar[bool] = False
    jobs_factor: ClassVar[int] = 1
    on_broker: ClassVar[bool] = True

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def prepare(self) -> None:  # noqa: B027 - optional
        """Prepare the first round, for example install packages; raise BenchError if that fails."""

    def flush(self) -> None:
        """Delete all jobs and results."""
        self.bench.flush()

    @abstractmethod
    def enqueue(self, jobs: int) -> None:
        """Queue `jobs` no-ops."""

    @abstractmethod
    def start(self, group: ProcessGroup, workers: int) -> None:
        """Start `workers` worker processes, or one main process with as many children."""

    @abstractmethod
    def done(self) -> int:
        """Return the number of results with one command, which the table does not count."""

    @abstractmethod
    def idle_latency(self, jobs: int) -> list[float]:
        """Queue jobs one at a time to the idle worker; return the times until their results in ms."""
