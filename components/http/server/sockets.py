"""Sockets of clients that must send and read at a minimum rate."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from components.http.server.slots import waiting

Result = TypeVar("Result")

# A client may pause for so long, and needs at most so long in total plus the time for its bytes.
GRACE_S = 10.0
MIN_RECEIVED_BYTES_PER_S = 4096


class ClientStalled(TimeoutError):
    """Raised when a client sends or reads too slowly."""


class Pace:
    """The time that a client has left for one direction of a request."""

    def __init__(self, min_bytes_per_s: int) -> None:
        self.min_bytes_per_s = min_bytes_per_s
        self.moved = 0
        self.waited_s = 0.0

    def left_s(self) -> float:
        """Return how long the next wait may be; raise ClientStalled if the client is too slow."""
        allowed_s = GRACE_S + self.moved / self.min_bytes_per_s
        left = min(GRACE_S, allowed_s - self.waited_s)
        if left <= 0:
            raise ClientStalled
        return left


class ClientSocket(socket.socket):
    """The socket of a client. `begin` starts the time of a request, and every wait counts."""

    # The pieces in which the rate is checked.
    PIECE_BYTES = 1 << 18

    # Lower, because a reader may pass the bytes on to a slow machine.
    MIN_SENT_BYTES_PER_S = 1024

    def __init__(self, accepted: socket.socket) -> None:
        """Take over the descriptor of `accepted`."""
        super().__init__(fileno=accepted.detach())
        self.may_wait = True
        self.begin()

        # The repeated response that is being sent, and its bytes.
        self.reply: object = None
        self.recorded: bytearray | None = None

    def record(self, reply: object) -> None:
        """Record what is sent from now on, which is the response `reply`."""
        self.reply, self.recorded = reply, bytearray()

    def begin(self) -> None:
        self._receiving = Pace(MIN_RECEIVED_BYTES_PER_S)
        self._sending = Pace(self.MIN_SENT_BYTES_PER_S)

    def receive_available(self, size: int) -> bytes:
        """Return what a non-blocking socket has received, without counting it."""
        return super().recv(size)

    def recv(self, size: int, flags: int = 0) -> bytes:
        try:
            data = super().recv(size, flags | socket.MSG_DONTWAIT)
        except BlockingIOError:
            data = self._timed(self._receiving, partial(super().recv, size, flags))
        self._receiving.moved += len(data)
        return data

    def sendall(self, data: Any, flags: int = 0) -> None:
        view = memoryview(data).cast("B")
        if self.recorded is not None:
            self.recorded += view
        sent = self._send_available(view, flags)
        for start in range(sent, len(view), self.PIECE_BYTES):
            piece = view[start : start + self.PIECE_BYTES]
            self._timed(self._sending, partial(super().sendall, piece, flags))
            self._sending.moved += len(piece)

    def send_at_once(self, data: bytes) -> bytes:
        """Send what the system accepts at once, and return the rest."""
        self.begin()
        return data[self._send_available(memoryview(data), 0) :]

    def _send_available(self, view: memoryview, flags: int) -> int:
        """Send what the system accepts at once; return the number of bytes."""
        try:
            sent = super().send(view, flags | socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        self._sending.moved += sent
        return sent

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        sent = 0
        while count is None or sent < count:
            size = self.PIECE_BYTES if count is None else min(self.PIECE_BYTES, count - sent)
            moved = self._timed(self._sending, partial(super().sendfile, file, offset + sent, size))
            if not moved:
                break
            sent += moved
            self._sending.moved += moved
        return sent

    def _timed(self, pace: Pace, call: Callable[[], Result]) -> Result:
        before = self.gettimeout()
        if before == 0:
            return call()
        if not self.may_wait:
            raise ClientStalled
        left = pace.left_s()
        self.settimeout(left if before is None else min(before, left))
        started_at = time.monotonic()
        try:
            with waiting():
                return call()
        except TimeoutError:
            raise ClientStalled from None
        finally:
            pace.waited_s += time.monotonic() - started_at
            self.settimeout(before)
