"""Rendering within a request: a few at a time, each result drawn once and kept."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future

_slots = threading.BoundedSemaphore(2)


@contextlib.contextmanager
def render_slot(wait_s: float) -> Iterator[bool]:
    """Reserve one of the renderers of this process; yields False if none is free within `wait_s`."""
    is_free = _slots.acquire(timeout=wait_s)
    try:
        yield is_free
    finally:
        if is_free:
            _slots.release()


class RenderCache:
    """Keeps the last results up to a total size, and lets equal calls share one rendering."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._pending: dict[Hashable, Future[bytes]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, render: Callable[[], bytes], *, wait_s: float) -> bytes:
        """Return the result for `key`, from `render` if it is not kept.

        Raises:
            TimeoutError: another thread renders it and has not finished within `wait_s`.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            pending = self._pending.get(key)
            if pending is None:
                own = self._pending[key] = Future()
        if pending is not None:
            return pending.result(wait_s)
        try:
            data = render()
        except BaseException as error:
            with self._lock:
                del self._pending[key]
            own.set_exception(error)
            raise
        with self._lock:
            del self._pending[key]
            self._keep(key, data)
        own.set_result(data)
        return data

    def _keep(self, key: Hashable, data: bytes) -> None:
        self._kept[key] = data
        self._bytes += len(data)
        while self._bytes > self._max_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest)
