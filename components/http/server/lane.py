"""A lane for requests that repeat an earlier one byte for byte, such as the polls of a client.

The main loop recognizes such a request by its bytes and passes it to one thread, which serves all
that have arrived meanwhile. It neither parses them nor makes objects of requests and responses. The
response is that of `RepeatedRequests`, in the form in which the server has sent it before. A request
whose response may have changed goes the usual way.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from queue import Empty, SimpleQueue
from typing import NamedTuple

from werkzeug.http import http_date

from components.http.access_log import log_request
from components.http.problems import request_id_from
from components.http.server.connections import ClientConnection
from components.http.server.repeated import RepeatedRequests, Reply

log = logging.getLogger(__name__)


class Sent(NamedTuple):
    """The head of a response as it was sent, and the reply that it belongs to.

    The parts of the head are bytes that every response has, and headers that differ, by name.
    """

    reply: Reply
    parts: Sequence[bytes | tuple[str, bytes]]


class RepeatLane:
    """Serves repeated requests in one thread.

    `on_served` and `on_missed` are called, in that thread, with connections whose requests it has
    served and could not serve; the rest of a response that the system does not accept at once is
    passed on with its connection.
    """

    MAX_HEADS = 1024
    MAX_HEAD_BYTES = 1 << 12
    MAX_BATCH = 64
    # The headers that may differ in each response.
    OWN = frozenset({"Date", "X-Request-ID", "RateLimit", "RateLimit-Policy"})
    # The response has the id of its request then.
    WITH_ID = re.compile(rb"\r\nx-request-id:", re.IGNORECASE)

    def __init__(
        self,
        repeated: RepeatedRequests,
        on_served: Callable[[list[tuple[ClientConnection, bytes]]], None],
        on_missed: Callable[[list[ClientConnection]], None],
    ) -> None:
        self._repeated = repeated
        self._on_served, self._on_missed = on_served, on_missed
        # By the digest of the head of a request: it may contain a key, which is not kept.
        self._known: OrderedDict[bytes, Sent] = OrderedDict()
        self._lock = threading.Lock()
        self._waiting: SimpleQueue[tuple[ClientConnection, Sent]] = SimpleQueue()
        threading.Thread(target=self._run, name="repeats", daemon=True).start()

    def take(self, conn: ClientConnection) -> bool:
        """Serve the request that a connection has received, if it repeats one that is known."""
        if not self._is_suitable(conn.received):
            return False
        sent = self._known.get(self._digest(conn, conn.received))
        if sent is None or not self._repeated.is_kept(sent.reply):
            return False
        self._waiting.put((conn, sent))
        return True

    def learn(self, conn: ClientConnection, reply: Reply, response: bytes) -> None:
        """Remember the response to the last request of a connection, which has the body of `reply`."""
        head = conn.request
        size = len(response) - len(reply.body)
        if not self._is_suitable(head) or response[size:] != reply.body:
            return
        if self.WITH_ID.search(head):
            return
        with self._lock:
            self._known[self._digest(conn, head)] = Sent(reply, self._parts(response[:size]))
            while len(self._known) > self.MAX_HEADS:
                self._known.popitem(last=False)

    @classmethod
    def _parts(cls, head: bytes) -> list[bytes | tuple[str, bytes]]:
        parts: list[bytes | tuple[str, bytes]] = []
        for line in head.splitlines(keepends=True):
            name = line.partition(b":")[0].decode("latin-1")
            last = parts[-1] if parts else None
            if name in cls.OWN:
                parts.append((name, line))
            elif isinstance(last, bytes):
                parts[-1] = last + line
            else:
                parts.append(line)
        return parts

    @staticmethod
    def _digest(conn: ClientConnection, head: bytes | bytearray) -> bytes:
        # Limits may apply to each address.
        return sha256(conn.peer.encode() + b"\n" + head).digest()

    def _is_suitable(self, head: bytes | bytearray) -> bool:
        return len(head) <= self.MAX_HEAD_BYTES and head.startswith(b"GET ")

    def _run(self) -> None:
        while True:
            batch = [self._waiting.get()]
            try:
                while len(batch) < self.MAX_BATCH:
                    batch.append(self._waiting.get_nowait())
            except Empty:
                pass
            self._serve(batch)

    def _serve(self, batch: list[tuple[ClientConnection, Sent]]) -> None:
        started_at = time.perf_counter()
        served, missed = [], []
        # All requests of the batch have arrived, so one look at a state is enough.
        is_current: dict[int, bool] = {}
        for conn, sent in batch:
            try:
                reply = sent.reply
                if id(reply) not in is_current:
                    is_current[id(reply)] = self._repeated.is_current(reply)
                changed = reply.admit() if is_current[id(reply)] else None
                data = None if changed is None else self._response(sent, changed, started_at)
            except Exception:
                # The thread must survive any error.
                log.exception("A repeated request is passed on")
                data = None
            if data is None:
                missed.append(conn)
            else:
                served.append((conn, _sent_to(conn, data)))
        if missed:
            self._on_missed(missed)
        if served:
            self._on_served(served)

    def _response(self, sent: Sent, changed: Mapping[str, str], started_at: float) -> bytes:
        """Return the bytes of the response; count and log it."""
        reply, identity = sent.reply, request_id_from("")
        own = {"Date": http_date(), "X-Request-ID": identity, **changed}
        parts = [one if isinstance(one, bytes) else _header(*one, own) for one in sent.parts]
        seconds, status = time.perf_counter() - started_at, int(reply.status[:3])
        self._repeated.observe("GET", reply.route, status, seconds)
        log_request("GET", reply.path, status, seconds, identity)
        return b"".join((*parts, reply.body))


def _sent_to(conn: ClientConnection, data: bytes) -> bytes:
    """Send a response; return what the system does not accept at once."""
    with contextlib.suppress(OSError):  # the client is gone
        return conn.client_socket.send_at_once(data)
    return b""


def _header(name: str, line: bytes, own: Mapping[str, str]) -> bytes:
    """Return the line of a header, with the value of this response if it has one."""
    return f"{name}: {own[name]}\r\n".encode("latin-1") if name in own else line
