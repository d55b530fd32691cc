"""Shared memory in which a work-horse records its activity for its worker.

The worker learns from it which job to keep alive, and which one died with a killed work-horse,
without a message for each job.
"""

from __future__ import annotations

import mmap
import struct
import time
from typing import NamedTuple

# Version (odd during a write), phase, client id of the waiting connection, start of the job
# (monotonic and Unix seconds), timeout in seconds, job id, execution id.
LAYOUT = struct.Struct("<QBQddd128s32s")
IDLE, WAITING, RUNNING = 0, 1, 2


class Activity(NamedTuple):
    """Activity of a work-horse since `started`, in monotonic seconds.

    `phase` is IDLE, WAITING for a job on the connection `client_id`, or RUNNING a job.
    """

    phase: int
    client_id: int = 0
    started: float = 0.0
    started_unix: float = 0.0
    timeout: float = 0.0
    job_id: str = ""
    execution_id: str = ""

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


class HorseState:
    """State shared by a worker and its work-horses: these write it, the worker reads it."""

    STOP_AT = 1024

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        self._version = 0

    def write(self, activity: Activity) -> None:
        *numbers, job_id, execution_id = activity
        fields = (*numbers, job_id.encode(), execution_id.encode())
        self._version += 1
        self._page[:8] = struct.pack("<Q", self._version)
        self._page[8 : LAYOUT.size] = LAYOUT.pack(0, *fields)[8:]
        self._version += 1
        self._page[:8] = struct.pack("<Q", self._version)

    def read(self) -> Activity:
        """Return the activity; waits for a write in progress to end."""
        for _ in range(1000):
            before, *numbers, job_id, execution_id = LAYOUT.unpack(self._page[: LAYOUT.size])
            (after,) = struct.unpack("<Q", self._page[:8])
            if before == after and before % 2 == 0:
                break
            time.sleep(0.0001)
        ids = (text.rstrip(b"\0").decode() for text in (job_id, execution_id))
        return Activity(*numbers, *ids)

    def clear(self) -> None:
        """Reset the state before a new work-horse starts."""
        self._version = 0
        self._page[: LAYOUT.size] = bytes(LAYOUT.size)
        self._page[self.STOP_AT] = 0

    def ask_to_stop(self) -> None:
        self._page[self.STOP_AT] = 1

    @property
    def stop_requested(self) -> bool:
        return self._page[self.STOP_AT] == 1
