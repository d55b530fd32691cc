"""One thread that holds many connections open and writes to them what others hand it.

A thread for each held connection costs memory and a change of context for each event. Here a request thread checks the request,
hands its socket over and is free again; what a thousand clients are told costs one wake-up and a thousand writes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import ClassVar, Protocol

from libraries.errors import Unavailable

# Bytes that may wait for a client that does not read; one with more loses its connection and can come back for the rest.
LONGEST_BACKLOG = 1 << 20
CHUNK = 1 << 16
# Seconds.
TICK = 0.25
SILENCE = 15.0
FAREWELL = 1.0
# How long a client has to end a connection on which all is said, and what it sends meanwhile is passed over. A connection that is
# closed with something unread is reset, and the last words with it.
LINGER = 1.0
log = logging.getLogger(__name__)


class HubFull(Unavailable):
    """Raised when as many connections are held as the process may hold."""

    code = "too-many-streams"
    retry_after: ClassVar[int] = 5


class Talk(Protocol):
    """What is said on a connection: who reads it, and how one says that one is still there and how one takes leave."""

    heartbeat: bytes
    farewell: bytes

    def receive(self, line: Line, data: bytes) -> bool:
        """Take what the client sent; return False to end the connection."""

    def ended(self, line: Line) -> None:
        """Learn that the connection is over."""


class Line:
    """A held connection. Only the hub's thread touches it, but for `dead`."""

    __slots__ = (
        "backlog",
        "closing",
        "dead",
        "ended_at",
        "sock",
        "spoke_at",
        "talk",
        "waiting",
        "writable",
    )

    def __init__(self, sock: socket.socket, talk: Talk) -> None:
        """Wrap a socket that is connected."""
        self.sock = sock
        self.talk = talk
        self.backlog: deque[bytes] | None = None
        self.waiting = 0
        self.spoke_at = 0.0
        self.closing = False
        self.ended_at = 0.0
        self.dead = False
        self.writable = True


class Hub:
    """Holds up to `most` connections; `stop_when` is asked four times a second whether to end."""

    def __init__(self, most: int, stop_when: Callable[[], bool] = lambda: False) -> None:
        """Make a hub; its thread starts with the first connection."""
        self.most = most
        self.stop_when = stop_when
        self._lock = threading.Lock()
        self._held = 0
        self._inbox: deque[tuple[Iterable[Line], bytes, bool]] = deque()
        self._awake = False
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        self._selector.register(self._wake_reader, selectors.EVENT_READ, None)
        self._lines: set[Line] = set()
        self._thread: threading.Thread | None = None
        self._stop = False
        self.at_stop: list[Callable[[], None]] = []

    @property
    def held(self) -> int:
        """How many connections are held."""
        return self._held

    def check_room(self) -> None:
        """Raise HubFull when one more connection could not be held."""
        if self._held >= self.most or self._stop:
            raise HubFull(
                f"{self._held} event streams and sockets are open, and no more are allowed; ask for the state instead"
            )

    def hold(self, sock: socket.socket, talk: Talk, first: bytes) -> Line:
        """Hold a connected socket from now on, write `first` to it, and let `talk` have what it says.

        Raises:
            HubFull: there is no room for it; the socket is left open.
        """
        with self._lock:
            self.check_room()
            self._held += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hub", daemon=True)
                self._thread.start()
        sock.setblocking(False)
        line = Line(sock, talk)
        self._put(((line,), first, False))
        return line

    def send(self, lines: Iterable[Line], data: bytes, *, last: bool = False) -> None:
        """Write the same bytes to some connections, and end them behind it if it is the `last`; from any thread."""
        self._put((lines, data, last))

    def close(self) -> None:
        """Take leave of everyone and end the thread."""
        with self._lock:
            self._stop = True
            thread = self._thread
        if thread is not None:
            self._wake()
            thread.join(timeout=2 * FAREWELL)
        for descriptor in (self._wake_reader, self._wake_writer):
            os.close(descriptor)

    def _put(self, said: tuple[Iterable[Line], bytes, bool]) -> None:
        self._inbox.append(said)
        # Whoever finds the thread asleep wakes it; it looks into the inbox once more before it sleeps.
        if not self._awake and not self._stop:
            self._wake()

    def _wake(self) -> None:
        self._awake = True
        with contextlib.suppress(OSError):
            os.write(self._wake_writer, b"!")

    # -- the hub's own thread

    def _run(self) -> None:
        beat_at = time.monotonic()
        while not self._stop:
            try:
                self._turn()
                now = time.monotonic()
                if now - beat_at >= 1:
                    beat_at = now
                    self._beat(now)
                if self.stop_when():
                    break
            except Exception:
                # One connection's trouble must not end the others.
                log.exception("A turn of the hub failed")
        self._stop = True
        for tell in self.at_stop:
            tell()
        self._take_leave()

    def _turn(self) -> None:
        self._awake = False
        ready = self._selector.select(0 if self._inbox else TICK)
        self._awake = True
        for key, events in ready:
            line = key.data
            if line is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_reader, 4096)
                continue
            if events & selectors.EVENT_WRITE:
                self._flush(line)
            if events & selectors.EVENT_READ and not line.dead:
                self._read(line)
        for _ in range(len(self._inbox)):
            lines, data, last = self._inbox.popleft()
            for line in lines:
                self._write(line, data, last=last)

    def _write(self, line: Line, data: bytes, *, last: bool = False) -> None:
        if line.dead or line.closing:
            return
        if line not in self._lines:
            self._lines.add(line)
            self._selector.register(line.sock, selectors.EVENT_READ, line)
        line.closing = last
        line.spoke_at = time.monotonic()
        if not line.waiting:
            try:
                sent = line.sock.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._drop(line)
                return
            if sent == len(data):
                if last:
                    self._end(line)
                return
            data = data[sent:]
        self._keep(line, data)

    def _keep(self, line: Line, data: bytes) -> None:
        if line.waiting + len(data) > LONGEST_BACKLOG:
            log.info("A client that follows events does not read them; its connection is ended")
            self._drop(line)
            return
        if line.backlog is None:
            line.backlog = deque()
        line.backlog.append(data)
        line.waiting += len(data)
        if line.writable:
            line.writable = False
            self._selector.modify(line.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, line)

    def _flush(self, line: Line) -> None:
        backlog = line.backlog
        try:
            while backlog:
                sent = line.sock.send(backlog[0])
                line.waiting -= sent
                if sent < len(backlog[0]):
                    backlog[0] = backlog[0][sent:]
                    return
                backlog.popleft()
        except BlockingIOError:
            return
        except OSError:
            self._drop(line)
            return
        line.backlog, line.writable = None, True
        self._selector.modify(line.sock, selectors.EVENT_READ, line)
        if line.closing:
            self._end(line)

    def _read(self, line: Line) -> None:
        try:
            data = line.sock.recv(CHUNK)
            if not data or not (line.closing or line.talk.receive(line, data)):
                self._drop(line)
        except BlockingIOError:
            return
        except OSError:
            self._drop(line)

    def _end(self, line: Line) -> None:
        """Say no more, and wait for the client to end the connection."""
        line.ended_at = time.monotonic()
        try:
            line.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(line)

    def _drop(self, line: Line) -> None:
        if line.dead:
            return
        line.dead = True
        self._lines.discard(line)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(line.sock)
        line.sock.close()
        line.backlog = None
        with self._lock:
            self._held -= 1
        line.talk.ended(line)

    def _beat(self, now: float) -> None:
        for line in list(self._lines):
            if line.ended_at:
                if now - line.ended_at >= LINGER:
                    self._drop(line)
            elif now - line.spoke_at >= SILENCE:
                self._write(line, line.talk.heartbeat)

    def _take_leave(self) -> None:
        deadline = time.monotonic() + FAREWELL
        # What was handed over before the end is told before the end.
        self._turn()
        for line in list(self._lines):
            self._write(line, line.talk.farewell, last=True)
        while not all(line.ended_at for line in self._lines) and time.monotonic() < deadline:
            self._turn()
        if self._lines:
            # Most end the connection on their side as soon as they have heard it.
            self._turn()
        for line in list(self._lines):
            self._drop(line)
        self._selector.close()
