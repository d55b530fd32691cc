"""A limit of the requests that run Python code at once.

Only one thread runs Python code at a time. Each further thread that competes for that makes all of
them slower, so further requests wait in the main loop instead.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

_current = threading.local()


class Slots:
    """Slots for requests that run; one that waits for a client or an event gives up its slot meanwhile."""

    # A request that runs longer no longer counts: it may wait for the broker or a disk.
    LONGEST_S = 0.25

    def __init__(self, number: int, on_free: Callable[[], None]) -> None:
        """`on_free` is called, in any thread, when a slot becomes free before its request ends."""
        self.number = number
        self._on_free = on_free
        self._changed = threading.Condition()
        # Start of the run of each request.
        self._running: dict[object, float] = {}
        self._returning = 0

    def is_free(self) -> bool:
        """Return whether a request may start."""
        with self._changed:
            return not self._returning and self._has_room()

    def start(self, key: object) -> bool:
        """Take a slot for a request; return False if there is none."""
        with self._changed:
            if self._returning or not self._has_room():
                return False
            self._running[key] = time.monotonic()
            return True

    def finish(self, key: object) -> None:
        """Return the slot of a request, if it has one."""
        with self._changed:
            self._running.pop(key, None)
            if self._returning:
                self._changed.notify()

    @contextlib.contextmanager
    def used_by(self, key: object) -> Iterator[None]:
        """Run a request in this thread with the slot that it has taken, and return the slot."""
        _current.slot = self, key
        try:
            yield
        finally:
            _current.slot = None
            self.finish(key)

    @contextlib.contextmanager
    def given_up(self, key: object) -> Iterator[None]:
        """Give up a slot inside, and wait for one at the end."""
        self.finish(key)
        self._on_free()
        try:
            yield
        finally:
            with self._changed:
                self._returning += 1
                while not self._has_room():
                    self._changed.wait(self.LONGEST_S)
                self._returning -= 1
                self._running[key] = time.monotonic()

    def _has_room(self) -> bool:
        oldest = time.monotonic() - self.LONGEST_S
        return sum(since > oldest for since in self._running.values()) < self.number


@contextlib.contextmanager
def waiting() -> Iterator[None]:
    """Give up the slot of the request of this thread while it waits; does nothing outside a request."""
    slot = getattr(_current, "slot", None)
    if slot is None:
        yield
    else:
        slots, key = slot
        with slots.given_up(key):
            yield
