"""One thread that keeps many connections open and writes to them.

A thread per connection costs memory, and a context switch per event. Here a request thread checks
the request, hands its socket over and is free again; an event for a thousand clients costs one
wake-up and a thousand writes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import os
import selectors
import socket
import threading
import time
import typing
from collections import deque
from collections.abc import Callable, Iterable

from libraries.errors import Unavailable

HEARTBEAT_AFTER_S = 15.0
CLOSE_TIMEOUT_S = 1.0
# Time for the client to close a connection after the last frame; its data is ignored meanwhile.
# Closing a socket with unread data resets the connection, and the last frame is lost.
LINGER_TIMEOUT_S = 1.0
log = logging.getLogger(__name__)


class HubFull(Unavailable):
    """Raised when the process holds its maximum number of connections."""

    code = "too-many-streams"
    retry_after = 5


class Protocol(typing.Protocol):
    """The reader of a connection, and the bytes sent as a heartbeat and before the end."""

    heartbeat: bytes
    farewell: bytes

    def receive(self, connection: Connection, data: bytes) -> bool:
        """Handle data from the client; return False to end the connection."""

    def ended(self, connection: Connection) -> None:
        """Handle the end of the connection; called once."""


@dataclasses.dataclass(slots=True, eq=False)
class Connection:
    """A held connection; only the hub's thread changes it."""

    sock: socket.socket
    protocol: Protocol
    client: str = ""
    backlog: deque[bytes] | None = None
    waiting: int = 0
    sent_at: float = 0.0
    closing: bool = False
    ended_at: float = 0.0
    dead: bool = False
    writable: bool = True
    expires_at: float = math.inf
    expiry: bytes = b""


class Hub:
    """Holds up to `limit` connections; ends when `stop_when`, polled regularly, is true.

    A client may hold all of them. When another one needs a slot, the client that holds the most
    gives up its newest connection.
    """

    # A client that does not read loses its connection beyond this; it can reconnect for the rest.
    MAX_BACKLOG_BYTES = 1 << 20

    def __init__(self, limit: int, stop_when: Callable[[], bool] = lambda: False) -> None:
        """Create a hub; its thread starts with the first connection."""
        self.limit = limit
        self.stop_when = stop_when
        self._lock = threading.Lock()
        self._held = 0
        # Called with the number of held connections when it changes.
        self.on_change: Callable[[int], None] = lambda _: None
        # By client, the oldest first.
        self._held_by: dict[str, dict[Connection, None]] = {}
        self._inbox: deque[tuple[Iterable[Connection], bytes, bool]] = deque()
        self._awake = False
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        self._selector.register(self._wake_reader, selectors.EVENT_READ, None)
        self._connections: set[Connection] = set()
        self._thread: threading.Thread | None = None
        self._stop = False
        self.at_stop: list[Callable[[], None]] = []

    @property
    def held(self) -> int:
        """The number of held connections."""
        return self._held

    def check_room(self, client: str = "") -> None:
        """Raise HubFull if no more connections of `client` can be held."""
        with self._lock:
            self._check_room(client)

    def hold(
        self,
        sock: socket.socket,
        protocol: Protocol,
        first: bytes,
        *,
        client: str = "",
        expires_at: float = math.inf,
        expiry: bytes = b"",
    ) -> Connection:
        """Take over a connected socket, write `first` to it, and pass its data to `protocol`.

        Args:
            sock: the socket.
            protocol: reads from the connection.
            first: is written to the connection.
            client: name or address of the client, which has a share of the slots.
            expires_at: Unix time at which the connection ends.
            expiry: is written then.

        Raises:
            HubFull: there is no room for it; the socket is left open.
        """
        connection = Connection(sock, protocol, client, expires_at=expires_at, expiry=expiry)
        with self._lock:
            self._check_room(client)
            displaced = self._displace() if self._held >= self.limit else None
            self._held += 1
            self.on_change(self._held)
            self._held_by.setdefault(client, {})[connection] = None
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hub", daemon=True)
                self._thread.start()
            sock.setblocking(False)
            self._put(((connection,), first, False))
        if displaced is not None:
            log.info("The client with the most event streams and sockets gives one up for another")
            self.send((displaced,), displaced.protocol.farewell, last=True)
        return connection

    def _check_room(self, client: str) -> None:
        own = len(self._held_by.get(client, ()))
        is_full = self._held >= self.limit
        if self._stop or (is_full and len(self._largest_share()) <= own + 1):
            raise HubFull(
                f"{self._held} event streams and sockets are open, and no more are allowed; "
                "ask for the state instead"
            )

    def _largest_share(self) -> dict[Connection, None]:
        return max(self._held_by.values(), key=len, default={})

    def _displace(self) -> Connection:
        newest = next(reversed(self._largest_share()))
        self._release(newest)
        return newest

    def _release(self, connection: Connection) -> None:
        """Free the slot of a connection; does nothing if it has none."""
        share = self._held_by.get(connection.client, {})
        if connection in share:
            del share[connection]
            self._held -= 1
            self.on_change(self._held)
            if not share:
                del self._held_by[connection.client]

    def send(self, connections: Iterable[Connection], data: bytes, *, last: bool = False) -> None:
        """Write the same bytes to connections, then end them if `last`; from any thread."""
        self._put((connections, data, last))

    def close(self) -> None:
        """Close all connections and end the thread."""
        with self._lock:
            self._stop = True
            thread = self._thread
        if thread is not None:
            self._wake()
            thread.join(timeout=2 * CLOSE_TIMEOUT_S)
        for descriptor in (self._wake_reader, self._wake_writer):
            os.close(descriptor)

    def _put(self, item: tuple[Iterable[Connection], bytes, bool]) -> None:
        self._inbox.append(item)
        # The thread checks the inbox again before it sleeps, so it needs a wake-up only if asleep.
        if not self._awake and not self._stop:
            self._wake()

    def _wake(self) -> None:
        self._awake = True
        with contextlib.suppress(OSError):
            os.write(self._wake_writer, b"!")

    # -- the hub's own thread

    def _run(self) -> None:
        checked_at = time.monotonic()
        while not self._stop:
            try:
                self._tick()
                now = time.monotonic()
                if now - checked_at >= 1:
                    checked_at = now
                    self._send_heartbeats(now)
                if self.stop_when():
                    break
            except Exception:
                # An error with one connection must not end the others.
                log.exception("The hub failed to handle an event")
        self._stop = True
        for callback in self.at_stop:
            callback()
        self._close_all()

    def _tick(self) -> None:
        self._awake = False
        ready = self._selector.select(0 if self._inbox else 0.25)
        self._awake = True
        for key, events in ready:
            connection = key.data
            if connection is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_reader, 4096)
                continue
            if events & selectors.EVENT_WRITE:
                self._flush(connection)
            if events & selectors.EVENT_READ and not connection.dead:
                self._read(connection)
        for _ in range(len(self._inbox)):
            connections, data, last = self._inbox.popleft()
            for connection in connections:
                self._write(connection, data, last=last)

    def _write(self, connection: Connection, data: bytes, *, last: bool = False) -> None:
        if connection.dead or connection.closing:
            return
        if connection not in self._connections:
            self._connections.add(connection)
            self._selector.register(connection.sock, selectors.EVENT_READ, connection)
        connection.closing = last
        connection.sent_at = time.monotonic()
        if not connection.waiting:
            try:
                sent = connection.sock.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._drop(connection)
                return
            if sent == len(data):
                if last:
                    self._end(connection)
                return
            data = data[sent:]
        self._keep(connection, data)

    def _keep(self, connection: Connection, data: bytes) -> None:
        if connection.waiting + len(data) > self.MAX_BACKLOG_BYTES:
            log.info("A client that follows events does not read them; its connection is ended")
            self._drop(connection)
            return
        if connection.backlog is None:
            connection.backlog = deque()
        connection.backlog.append(data)
        connection.waiting += len(data)
        if connection.writable:
            connection.writable = False
            self._selector.modify(
                connection.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, connection
            )

    def _flush(self, connection: Connection) -> None:
        backlog = connection.backlog
        try:
            while backlog:
                sent = connection.sock.send(backlog[0])
                connection.waiting -= sent
                if sent < len(backlog[0]):
                    backlog[0] = backlog[0][sent:]
                    return
                backlog.popleft()
        except BlockingIOError:
            return
        except OSError:
            self._drop(connection)
            return
        connection.backlog, connection.writable = None, True
        self._selector.modify(connection.sock, selectors.EVENT_READ, connection)
        if connection.closing:
            self._end(connection)

    def _read(self, connection: Connection) -> None:
        try:
            data = connection.sock.recv(1 << 16)
            if not data or not (
                connection.closing or connection.protocol.receive(connection, data)
            ):
                self._drop(connection)
        except BlockingIOError:
            return
        except OSError:
            self._drop(connection)

    def _end(self, connection: Connection) -> None:
        """Send no more, and wait for the client to close the connection."""
        connection.ended_at = time.monotonic()
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        if connection.dead:
            return
        connection.dead = True
        self._connections.discard(connection)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(connection.sock)
        connection.sock.close()
        connection.backlog = None
        with self._lock:
            self._release(connection)
        connection.protocol.ended(connection)

    def _send_heartbeats(self, now: float) -> None:
        for connection in list(self._connections):
            if connection.ended_at:
                if now - connection.ended_at >= LINGER_TIMEOUT_S:
                    self._drop(connection)
            elif connection.expires_at <= time.time():
                self._write(connection, connection.expiry, last=True)
            elif now - connection.sent_at >= HEARTBEAT_AFTER_S:
                self._write(connection, connection.protocol.heartbeat)

    def _close_all(self) -> None:
        deadline = time.monotonic() + CLOSE_TIMEOUT_S
        # Send what is in the inbox first.
        self._tick()
        for connection in list(self._connections):
            self._write(connection, connection.protocol.farewell, last=True)
        while (
            not all(connection.ended_at for connection in self._connections)
            and time.monotonic() < deadline
        ):
            self._tick()
        if self._connections:
            # Most clients close the connection on their side at once.
            self._tick()
        for connection in list(self._connections):
            self._drop(connection)
        self._selector.close()
