"""The processes of a web server: memory that they share, and the replacement of one of them.

Each process has a region of numbers that it alone writes and all can read, so that a scrape of the
metrics by any of them includes the requests to all. The region of a process that has ended passes to
the next one, which continues its counts.
"""

from __future__ import annotations

import mmap
import os
import signal
from array import array
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, TypeAlias

from libraries.supervision import heartbeat

Numbers: TypeAlias = "array[float] | memoryview[float]"


class Place(IntEnum):
    """The place of a number in a region."""

    HELD_CONNECTIONS = 0
    WANTS_REPLACEMENT = 1
    FIRST_COUNT = 2


class Processes:
    """Hooks of gunicorn for `number` processes."""

    REGION_BYTES = 1 << 18

    def __init__(self, number: int) -> None:
        self.number = number
        # Each process can be in the middle of its replacement.
        total = 2 * number + 1
        memory = memoryview(mmap.mmap(-1, total * self.REGION_BYTES))
        size = self.REGION_BYTES
        self.regions: list[Numbers] = [
            memory[start : start + size].cast("d") for start in range(0, total * size, size)
        ]

    def pre_fork(self, server: Any, worker: Any) -> None:
        """Give a new process its region; it replaces a process that wants that, if there is one."""
        workers = server.WORKERS.values()
        used = {one.region for one in workers}
        worker.region = next(n for n in range(len(self.regions)) if n not in used)
        worker.is_replaced = False
        leaving = [one for one in workers if self._wants_replacement(one)]
        worker.is_replacement = bool(leaving)
        if leaving:
            leaving[0].is_replaced = True
            # gunicorn stops the oldest process first.
            leaving[0].age = 0

    def child_exit(self, server: Any, worker: Any) -> None:
        """Forget the replacement of a process that has ended before it was replaced."""
        if self._wants_replacement(worker):
            server.num_workers = max(self.number, server.num_workers - 1)
        self.regions[worker.region][Place.WANTS_REPLACEMENT] = 0
        self.regions[worker.region][Place.HELD_CONNECTIONS] = 0

    def _wants_replacement(self, worker: Any) -> bool:
        return not worker.is_replaced and self.regions[worker.region][Place.WANTS_REPLACEMENT] > 0


def request_replacement(region: Numbers, parent: int) -> None:
    """Have gunicorn start another process, which takes the place of this one when it is ready."""
    region[Place.WANTS_REPLACEMENT] = 1
    os.kill(parent, signal.SIGTTIN)


def report_to_supervisor(server: Any) -> None:
    """Send a heartbeat whenever gunicorn looks after its processes, which is about once a second."""
    beat, check = heartbeat(), server.murder_workers
    if beat is None:
        return

    def report_and_check() -> None:
        beat()
        check()

    server.murder_workers = report_and_check


def total(regions: Sequence[Numbers], index: int) -> float:
    """Return the sum of a number over all processes."""
    return sum(region[index] for region in regions)
