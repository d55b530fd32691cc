"""Rendering within requests: a limit of simultaneous renderings, and a cache of results."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sized
from concurrent.futures import Future
from contextvars import ContextVar
from typing import Generic, TypeVar

_client: ContextVar[str] = ContextVar("rendering client", default="")


class Renderers:
    """The renderers of a process: two, of which a client uses one."""

    TOTAL, PER_CLIENT = 2, 1

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()
        self._changed = threading.Condition()

    def acquire(self, client: str, wait_s: float) -> bool:
        """Reserve a renderer for a client; return False if it gets none within `wait_s`."""
        with self._changed:
            is_reserved = self._changed.wait_for(lambda: self._has_room(client), wait_s)
            if is_reserved:
                self._used[client] += 1
            return is_reserved

    def release(self, client: str) -> None:
        with self._changed:
            self._used[client] -= 1
            # Drop clients without a renderer.
            self._used += Counter()
            self._changed.notify_all()

    def _has_room(self, client: str) -> bool:
        return self._used.total() < self.TOTAL and self._used[client] < self.PER_CLIENT


_renderers = Renderers()


@contextlib.contextmanager
def rendering_for(client: str) -> Iterator[None]:
    """Reserve renderers for this client inside."""
    token = _client.set(client)
    try:
        yield
    finally:
        _client.reset(token)


@contextlib.contextmanager
def render_slot(wait_s: float) -> Iterator[bool]:
    """Reserve a renderer for the current client; yields False if it gets none within `wait_s`."""
    client = _client.get()
    is_free = _renderers.acquire(client, wait_s)
    try:
        yield is_free
    finally:
        if is_free:
            _renderers.release(client)


Rendered = TypeVar("Rendered", bound=Sized)


class RenderCache(Generic[Rendered]):
    """Keeps the last results up to a total size, and lets equal calls share one rendering."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, Rendered] = OrderedDict()
        self._pending: dict[Hashable, Future[Rendered]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, render: Callable[[], Rendered], *, wait_s: float) -> Rendered:
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

    def _keep(self, key: Hashable, data: Rendered) -> None:
        self._kept[key] = data
        self._bytes += len(data)
        while self._bytes > self._max_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest)
