"""What a queue system has to offer to be measured."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from bench.machinery import Bench, Crew


class Peer(ABC):
    """One queue system: how its jobs are queued, worked on and counted. To add one is to write one of these.

    Attributes:
        name: its row in the table.
        note: the settings that it runs with, where they are not all defaults.
        standard: whether it is measured without being asked for.
        jobs_factor: how many times the usual number of jobs it takes to time it.
        on_broker: whether it keeps its jobs in the run's broker, so that the broker's counts are about it.
    """

    name: ClassVar[str]
    note: ClassVar[str] = ""
    standard: ClassVar[bool] = False
    jobs_factor: ClassVar[int] = 1
    on_broker: ClassVar[bool] = True

    def __init__(self, bench: Bench) -> None:
        """Take part in this run."""
        self.bench = bench

    def prepare(self) -> None:  # noqa: B027 - most have nothing to prepare
        """Make what must be there before the first round, such as an environment with the peer's own packages.

        Raises:
            BenchTrouble: it cannot be made.
        """

    def forget(self) -> None:
        """Drop all jobs and results."""
        self.bench.forget()

    @abstractmethod
    def enqueue(self, jobs: int) -> None:
        """Queue this many no-ops."""

    @abstractmethod
    def start(self, crew: Crew, workers: int) -> None:
        """Start this many worker processes, or one master with as many."""

    @abstractmethod
    def done(self) -> int:
        """Return how many results are there. Costs the broker one command in one round trip, which the table leaves out."""

    @abstractmethod
    def idle_latency(self, jobs: int) -> list[float]:
        """Queue jobs one at a time to the idle worker; return the milliseconds from each call until its result is there."""
