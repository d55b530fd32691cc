"""Long-lived connections: event streams, WebSockets and long polls."""

from __future__ import annotations

import contextlib
import math
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, g, request
from werkzeug.http import http_date

from components.http.access import client_name
from components.http.server.slots import waiting
from libraries.job_manager import EventSubscriptions, JobEvent, JobRecord, find_job, read_events
from libraries.job_manager.events import START, JobSnapshot, event_id, order
from libraries.json_types import JsonObject
from libraries.live import Connection, Handlers, Hub, HubFull, Protocol
from libraries.settings import Settings

NAME = "vector-live"
MAX_WAIT_S = 60


class LiveConnections:
    """State of all long-lived connections of a web process: subscription, hub and handlers."""

    # Threads reserved for other requests.
    SPARE_THREADS = 32

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.hub = Hub(settings.web.max_streams)
        self.feed = EventSubscriptions(settings)
        self.handlers = Handlers(self._in_context)
        self.stopping = threading.Event()
        self.hub.at_stop.append(self.stopping.set)
        self._app = app
        self._polls = threading.BoundedSemaphore(
            max(1, settings.web.web_threads - self.SPARE_THREADS)
        )

    def check_room(self) -> None:
        """Raise HubFull if no more connections of the caller can be held."""
        self.hub.check_room(client_name())

    @contextlib.contextmanager
    def poll_slot(self) -> Iterator[bool]:
        """Reserve a thread for a long poll; yields False if none is free."""
        got = not self.is_stopping and self._polls.acquire(blocking=False)
        try:
            yield got
        finally:
            if got:
                self._polls.release()

    @property
    def is_stopping(self) -> bool:
        """True if the process is about to stop, also without a connection that the hub holds."""
        return self.stopping.is_set() or self.hub.stop_when()

    def close(self) -> None:
        self.stopping.set()
        self.hub.close()
        self.handlers.close()
        self.feed.close()

    def _in_context(self, call: Callable[[], None]) -> None:
        with self._app.app_context():
            call()


def install_live(app: Flask, settings: Settings) -> None:
    app.extensions[NAME] = LiveConnections(app, settings)


def live(app: Flask | None = None) -> LiveConnections:
    found: LiveConnections = (app or current_app).extensions[NAME]
    return found


def supports_streaming() -> bool:
    """Return whether the server can detach connections: gunicorn without its own TLS can."""
    sock = request.environ.get("gunicorn.socket")
    return isinstance(sock, socket.socket) and not isinstance(sock, ssl.SSLSocket)


class JobSubscription:
    """Delivers each event of a job to one client, once and in order; buffers until `open`."""

    __slots__ = ("_deliver", "_known", "_lock", "_waiting", "job_id")

    def __init__(self, job_id: str, after: str, deliver: Callable[[JobEvent], None]) -> None:
        """Prepare a subscription; `deliver` receives the events later than the id `after`."""
        self.job_id = job_id
        self._known = order(after)
        self._deliver = deliver
        self._waiting: list[JobEvent] | None = []
        self._lock = threading.Lock()

    @property
    def known(self) -> tuple[int, int]:
        return self._known

    def start(self, feed: EventSubscriptions) -> JobSnapshot | None:
        """Subscribe, and return the snapshot of the job, or None if it does not exist."""
        feed.follow(self.job_id, self.receive)
        snapshot = None
        try:
            snapshot = read_events(self.job_id, event_id(self._known))
        finally:
            if snapshot is None:
                self.leave(feed)
        return snapshot

    def open(self, last_id: str) -> None:
        """Deliver the buffered events after `last_id`, and then each event as it arrives."""
        # The client may know an id from before the job was deleted; new ids can be lower.
        self._known = order(last_id)
        while True:
            with self._lock:
                waiting = self._waiting or []
                # Stop buffering only when nothing arrived meanwhile, to keep the order.
                self._waiting = [] if waiting else None
            for event in waiting:
                self._pass_on(event)
            if not waiting:
                return

    def receive(self, event: JobEvent) -> None:
        """Accept an event; called in the thread of the feed."""
        with self._lock:
            if self._waiting is not None:
                self._waiting.append(event)
                return
        self._pass_on(event)

    def leave(self, feed: EventSubscriptions) -> None:
        feed.leave(self.job_id, self.receive)

    def _pass_on(self, event: JobEvent) -> None:
        # Duplicate after a broker reconnect; the client already has this event. A deleted job's
        # final event has no id.
        if order(event.id) <= self._known and not (event.last and event.id == START):
            return
        self._known = max(self._known, order(event.id))
        self._deliver(event)


class DetachedResponse(Response):
    """A response whose connection is detached from the server and handed to the hub."""

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        protocol: Protocol,
        on_open: Callable[[Connection], None],
        first: bytes = b"",
        *,
        on_full: Callable[[], None] = lambda: None,
        expiry: bytes = b"",
    ) -> None:
        """Send `headers` and the bytes `first`; then `protocol` takes over until the key expires.

        `on_open` is called with the connection; `on_full` is called if the hub is full. `expiry` is
        sent when the key expires.
        """
        super().__init__(status=status, headers=dict(headers))
        # The length is unknown, and Flask's default type does not apply.
        self.headers.pop("Content-Length", None)
        self.headers.setdefault("Date", http_date())
        if "Content-Type" not in headers:
            self.headers.pop("Content-Type", None)
        self._hub = live().hub
        self._client = client_name()
        self._expires_at, self._expiry = g.caller.expires_at or math.inf, expiry
        self._protocol, self._first = protocol, first
        self._on_open, self._on_full = on_open, on_full

    def __call__(self, environ: JsonObject, start_response: Any) -> Iterable[bytes]:
        hub = self._hub
        sock = socket.socket(fileno=environ["gunicorn.socket"].detach())
        with contextlib.suppress(OSError, AttributeError):
            # Detect clients that vanished: data stays unacknowledged.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000)
        try:
            connection = hub.hold(
                sock,
                self._protocol,
                self._head() + self._first,
                client=self._client,
                expires_at=self._expires_at,
                expiry=self._expiry,
            )
        except HubFull:
            # Another request took the last slot since the check; the client reconnects.
            sock.close()
            self._on_full()
            raise StopIteration from None
        self._on_open(connection)
        # Signals to gunicorn that the connection is detached.
        raise StopIteration

    def _head(self) -> bytes:
        reason = HTTPStatus(self.status_code).phrase
        lines = [
            f"HTTP/1.1 {self.status_code} {reason}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def requested_wait_s(value: int | None = None) -> int:
    """Return `value`, or the seconds of `Prefer: wait=N`; at most 60."""
    if value is not None:
        return value
    found = re.search(r"wait *= *\"?([0-9]{1,4})\"?", request.headers.get("Prefer", ""), re.ASCII)
    return min(int(found[1]), MAX_WAIT_S) if found else 0


def wait_for(job_id: str, seconds: float, *, until: Callable[[JobRecord], bool]) -> JobRecord:
    """Return a job of the caller when `until` accepts it or after `seconds`.

    Returns at once if all poll slots are taken, and early if the server stops.
    """
    record = find_job(job_id)
    if seconds <= 0 or until(record):
        return record
    connections = live()
    with connections.poll_slot() as reserved:
        if not reserved:
            return record
        return _wait(connections, job_id, seconds, until)


def _wait(
    connections: LiveConnections, job_id: str, seconds: float, until: Callable[[JobRecord], bool]
) -> JobRecord:
    changed = threading.Event()
    deadline = time.monotonic() + seconds
    with connections.feed.following(job_id, lambda _: changed.set()):
        # Starts the subscription: later events call the callback.
        read_events(job_id)
        while True:
            changed.clear()
            record = find_job(job_id)
            if until(record):
                return record
            with waiting():
                # In slices, so that waiting does not delay a shutdown.
                while not changed.wait(min(0.25, max(0.0, deadline - time.monotonic()))):
                    if time.monotonic() >= deadline or connections.is_stopping:
                        return record
