"""Connections of clients: the bytes received so far, and whether they are a request."""

from __future__ import annotations

import re
import time
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import TConn

from components.http.server.parser import ClientParser
from components.http.server.peers import peer_of
from components.http.server.sockets import GRACE_S, MIN_RECEIVED_BYTES_PER_S, ClientSocket

MAX_HEAD_BYTES = 1 << 15

HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE)
# The body follows in chunks, or only after an interim response.
STREAMED = re.compile(rb"\r\n(?:transfer-encoding|expect):", re.IGNORECASE)
MALFORMED = re.compile(rb"(?<!\r)\n")
PROBE = re.compile(rb"(?:GET|HEAD) /(healthz|readyz)[ ?]")


class ClientConnection(TConn):
    """A connection. The main loop collects a request in `received`; a thread then serves it."""

    # Larger bodies are read by the thread that serves the request.
    MAX_BUFFERED_BODY_BYTES = 1 << 18

    HEAD_TIMEOUT_S = 10.0

    def __init__(self, cfg: Any, sock: Any, client: Any, server: Any) -> None:
        self.client_socket = ClientSocket(sock)
        super().__init__(cfg, self.client_socket, client, server)
        # The thread does not wait for the first byte.
        self.data_ready = True
        self.peer = peer_of(str(client[0]) if isinstance(client, tuple) else "")
        self.deadline = time.monotonic() + self.HEAD_TIMEOUT_S
        self.closing = False
        self.discarded_bytes = 0
        self.queued_at = 0.0
        self.request = b""
        self._reset()

    def _reset(self) -> None:
        self.received = bytearray()
        self.is_streamed = self.is_probe = self.is_immediate = False
        self._length: int | None = None
        self._body_began = 0.0

    def forget_request(self) -> None:
        """Forget a request that was served from its bytes."""
        self._reset()

    @property
    def is_too_large(self) -> bool:
        """True if the head exceeds its limit."""
        return self._length is None and len(self.received) > MAX_HEAD_BYTES

    def feed(self, data: bytes) -> bool:
        """Add received bytes; return whether a thread can serve the request now."""
        now = time.monotonic()
        if not self.received:
            self.deadline = now + self.HEAD_TIMEOUT_S
        start = max(0, len(self.received) - len(HEAD_END))
        self.received += data
        if self._length is None:
            end = self.received.find(HEAD_END, start)
            if end < 0:
                return MALFORMED.search(self.received, start) is not None
            self._read_head(end, now)
        if self.is_streamed or len(self.received) >= (self._length or 0):
            return True
        arrived_s = len(self.received) / MIN_RECEIVED_BYTES_PER_S
        self.deadline = self._body_began + GRACE_S + arrived_s
        return False

    def _read_head(self, end: int, now: float) -> None:
        """Find out where the request ends. An invalid one ends with its head, and its thread refuses it."""
        head = bytes(self.received[: end + len(HEAD_END)])
        self._body_began = now
        found = LENGTH.search(head)
        body = int(found[1]) if found else 0
        self._length = len(head) + body
        self.is_streamed = bool(STREAMED.search(head)) or body > self.MAX_BUFFERED_BODY_BYTES
        probe = None if self.is_streamed else PROBE.match(head)
        self.is_probe = probe is not None
        # The response needs neither the broker nor another thread.
        self.is_immediate = probe is not None and probe[1] == b"healthz"
        if not self.is_streamed and len(self.received) < self._length and not self._is_valid(head):
            self._length = len(head)

    def _is_valid(self, head: bytes) -> bool:
        try:
            next(ClientParser(self.cfg, [head], self.client))
        except (ParseException, OSError, StopIteration):
            return False
        return True

    def init(self) -> None:
        """Pass the received bytes to the parser; called by the thread for each request."""
        if not self.initialized:
            self.initialized = True
            self.parser = ClientParser(self.cfg, self.sock, self.client)
            self._unreader: Any = self.parser.unreader
        self.sock.setblocking(True)
        self.client_socket.begin()
        self.client_socket.reply = self.client_socket.recorded = None
        data = bytes(self.received)
        # The bytes of the request, b"" if there are those of another one.
        self.request = data if len(data) == self._length else b""
        self._unreader.unread(data)
        self._reset()

    def take_pipelined(self) -> bytes:
        """Return what the parser has received after the end of the request."""
        if not self.initialized:
            return b""
        taken: bytes = self._unreader.take_buffered()
        return taken
