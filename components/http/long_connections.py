"""Connections that stay open: what a web process has for them, and the response that hands one over."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, request

from libraries.job_manager import EventSubscriptions, JobEvent, JobRecord, find_job, read_events
from libraries.job_manager.events import START, JobSnapshot, event_id, order
from libraries.json_types import JsonObject
from libraries.live import Connection, Handlers, Hub, HubFull, Protocol
from libraries.settings import Settings

NAME = "vector-live"
MAX_WAIT_S = 60
# Threads that long polls leave to other requests.
SPARE_THREADS = 32


class LiveConnections:
    """All that a web process has for clients that follow jobs: one subscription, one thread of held connections, few handlers."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        """Prepare everything; nothing runs before the first client comes."""
        self.hub = Hub(settings.web.max_streams)
        self.feed = EventSubscriptions(settings)
        self.handlers = Handlers(self._in_context)
        self.stopping = threading.Event()
        self.hub.at_stop.append(self.stopping.set)
        self._app = app
        self._polls = threading.BoundedSemaphore(max(1, settings.web.web_threads - SPARE_THREADS))

    @contextlib.contextmanager
    def poll_slot(self) -> Iterator[bool]:
        """Give one of the threads that may wait for a client; False when all of them do."""
        got = not self.stopping.is_set() and self._polls.acquire(blocking=False)
        try:
            yield got
        finally:
            if got:
                self._polls.release()

    def close(self) -> None:
        """Take leave of all clients."""
        self.stopping.set()
        self.hub.close()
        self.handlers.close()
        self.feed.close()

    def _in_context(self, call: Callable[[], None]) -> None:
        with self._app.app_context():
            call()


def install_live(app: Flask, settings: Settings) -> None:
    """Give `app` what it needs to hold connections."""
    app.extensions[NAME] = LiveConnections(app, settings)


def live(app: Flask | None = None) -> LiveConnections:
    """Return what this process has for held connections."""
    found: LiveConnections = (app or current_app).extensions[NAME]
    return found


def supports_streaming() -> bool:
    """Tell whether the server hands connections over: gunicorn does, without TLS of its own."""
    sock = request.environ.get("gunicorn.socket")
    return isinstance(sock, socket.socket) and not isinstance(sock, ssl.SSLSocket)


class JobSubscription:
    """Passes on what becomes of a job: first what is known, then each event once and in order.

    What the feed tells before the client is ready waits here.
    """

    __slots__ = ("_deliver", "_known", "_lock", "_waiting", "job_id")

    def __init__(self, job_id: str, after: str, deliver: Callable[[JobEvent], None]) -> None:
        """Follow a job for somebody who knows its events up to `after`; `deliver` gets the others."""
        self.job_id = job_id
        self._known = order(after)
        self._deliver = deliver
        self._waiting: list[JobEvent] | None = []
        self._lock = threading.Lock()

    @property
    def known(self) -> tuple[int, int]:
        """The order of the last event that the client has."""
        return self._known

    def start(self, feed: EventSubscriptions) -> JobSnapshot | None:
        """Follow the job from now on, and return what is known of it; None when there is no such job.

        Raises:
            QueueUnavailable: the broker cannot be reached.
        """
        feed.follow(self.job_id, self.tell)
        try:
            followed = read_events(self.job_id, event_id(self._known))
        except BaseException:
            feed.leave(self.job_id, self.tell)
            raise
        if followed is None:
            feed.leave(self.job_id, self.tell)
            return None
        return followed

    def open(self, last_id: str) -> None:
        """Deliver what came behind `last_id`, and from now on each event as it comes."""
        # Ids of a former life of the job are no measure for what comes.
        self._known = order(last_id)
        while True:
            with self._lock:
                waiting = self._waiting or []
                # Only when nothing came meanwhile may what comes next overtake this.
                self._waiting = [] if waiting else None
            for event in waiting:
                self._pass_on(event)
            if not waiting:
                return

    def tell(self, event: JobEvent) -> None:
        """Take an event; called in the feed's thread."""
        with self._lock:
            if self._waiting is not None:
                self._waiting.append(event)
                return
        self._pass_on(event)

    def leave(self, feed: EventSubscriptions) -> None:
        """Follow the job no more."""
        feed.leave(self.job_id, self.tell)

    def _pass_on(self, event: JobEvent) -> None:
        # Told again after the broker was away: the client has it. The end of a job that was deleted
        # has no id of its own.
        if order(event.id) <= self._known and not (event.last and event.id == START):
            return
        self._known = max(self._known, order(event.id))
        self._deliver(event)


class DetachedResponse(Response):
    """A response whose connection the hub holds from then on.

    The request's thread is free again at once.
    """

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        talk: Protocol,
        begin: Callable[[Connection], None],
        first: bytes = b"",
        *,
        abandon: Callable[[], None] = lambda: None,
    ) -> None:
        """Answer with these headers and the bytes behind them, then let `talk` go on.

        `begin` gets the connection; `abandon` is called when there is no room for it after all.
        """
        super().__init__(status=status, headers=dict(headers))
        # Whatever comes has no length that is known, and no default type.
        self.headers.pop("Content-Length", None)
        if "Content-Type" not in headers:
            self.headers.pop("Content-Type", None)
        self._hub = live().hub
        self._talk, self._begin, self._first, self._abandon = talk, begin, first, abandon

    def __call__(self, environ: JsonObject, start_response: Any) -> Iterable[bytes]:
        """Take the connection away from the server and hand it to the hub."""
        hub = self._hub
        own = socket.socket(fileno=environ["gunicorn.socket"].detach())
        with contextlib.suppress(OSError, AttributeError):
            # A client that vanished without a word is noticed by what it does not acknowledge.
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000)
        try:
            line = hub.hold(own, self._talk, self._head() + self._first)
        except HubFull:
            # The last place went to another between the check and now; the client sees a connection
            # that ends, and comes again.
            own.close()
            self._abandon()
            raise StopIteration from None
        self._begin(line)
        # gunicorn's sign for "the connection is not yours any more".
        raise StopIteration

    def _head(self) -> bytes:
        reason = HTTPStatus(self.status_code).phrase
        lines = [
            f"HTTP/1.1 {self.status_code} {reason}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def requested_wait_s(value: int | None = None) -> int:
    """Return how many seconds the client is ready to wait: `value` if given, else what `Prefer: wait=N` says, at most 60."""
    if value is not None:
        return value
    found = re.search(r"wait *= *\"?([0-9]{1,4})\"?", request.headers.get("Prefer", ""), re.ASCII)
    return min(int(found[1]), MAX_WAIT_S) if found else 0


def wait_for(job_id: str, seconds: float, *, until: Callable[[JobRecord], bool]) -> JobRecord:
    """Return a job of the caller as soon as `until` says so of it, or as it is after some seconds.

    It is returned as it is, too, when as many requests wait already as may, or the server stops.

    Raises:
        JobUnknown: there is no such job of the caller's.
        QueueUnavailable: the broker cannot be reached.
    """
    record = find_job(job_id)
    if seconds <= 0 or until(record):
        return record
    here = live()
    with here.poll_slot() as granted:
        if not granted:
            return record
        return _wait(here, job_id, seconds, until)


def _wait(
    here: LiveConnections, job_id: str, seconds: float, until: Callable[[JobRecord], bool]
) -> JobRecord:
    told = threading.Event()

    def listen(_: JobEvent) -> None:
        told.set()

    deadline = time.monotonic() + seconds
    with here.feed.following(job_id, listen):
        # From now on what becomes of it is told.
        read_events(job_id)
        while True:
            told.clear()
            record = find_job(job_id)
            if until(record):
                return record
            # In slices, so that a server that stops is not held up.
            while not told.wait(min(0.25, max(0.0, deadline - time.monotonic()))):
                if time.monotonic() >= deadline or here.stopping.is_set():
                    return record
