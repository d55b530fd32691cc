"""The memory of the web process: returned to the system early, and bounded."""

from __future__ import annotations

import contextlib
import ctypes

from libraries.processes import FreeMemory


def prefer_small_heap() -> None:
    """Have glibc return freed memory early; does nothing with other C libraries.

    By default each of many threads gets a separate heap, and freed blocks of large bodies remain in it.
    """
    with contextlib.suppress(AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        # Numbers of malloc.h: M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD.
        for option, value in ((-8, 2), (-3, 1 << 17), (-1, 1 << 19)):
            mallopt(option, value)


class MemoryWatch:
    """Returns free memory to the system, and compares the rest with a ceiling; 0 for none.

    A ceiling that a fresh process exceeds would replace the process again and again, so the memory
    must also have grown to `MIN_GROWTH` times that of the first check.
    """

    CHECK_INTERVAL_S = 1.0
    MIN_GROWTH = 1.5

    def __init__(self, ceiling: int) -> None:
        self.ceiling = ceiling
        self.used = self._first = 0
        self._checked_at = 0.0
        self._free = FreeMemory()

    def is_exceeded(self, now: float) -> bool:
        """Return whether the process uses too much memory; checks it once a second."""
        if now - self._checked_at < self.CHECK_INTERVAL_S:
            return False
        self._checked_at = now
        self._first = self._first or FreeMemory.resident_bytes()
        self.used = self._free.give_back()
        return 0 < self.ceiling < self.used and self.used > self.MIN_GROWTH * self._first
