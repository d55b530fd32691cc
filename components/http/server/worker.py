"""A gunicorn thread worker whose threads do not wait for clients."""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.util import close
from gunicorn.workers.gthread import ThreadWorker

from components.http.server.connections import MAX_HEAD_BYTES, ClientConnection
from components.http.server.lane import RepeatLane
from components.http.server.memory import MemoryWatch
from components.http.server.problems import write_problem
from components.http.server.repeated import RepeatedRequests, Reply
from components.http.server.shares import Shares
from components.http.server.slots import Slots

# Time for the client to close its end; less while the process stops.
CLOSE_TIMEOUT_S, STOP_CLOSE_TIMEOUT_S = 2.0, 0.2
QUEUE_TIMEOUT_S = 30.0
NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)
GONE = (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK)


class ServerLog(Logger):
    """The log of the server, without requests: the application logs them."""

    access_log_enabled = False


class WebWorker(ThreadWorker):
    """A thread worker that collects each request in its main loop before a thread serves it.

    A slow or silent client costs a descriptor, not a thread. Large and chunked bodies are read by
    threads, by a few at a time and at a minimum rate. No peer can use all connections or threads.
    A few requests run at once, the others wait here, and those of a busy peer do so longer. Probes
    of the service's health do not wait: the main loop or separate threads serve them.
    """

    SWEEP_INTERVAL_S = 0.25

    # For the next request on a connection that was announced as kept.
    STOP_KEEPALIVE_S = 2.0

    # Data that a refused client may still send before its connection is reset.
    MAX_DISCARDED_BYTES = 1 << 24

    # Memory for bodies that are being received; beyond it they wait for a thread.
    MAX_BUFFERED_BYTES = 1 << 25

    RECEIVE_BYTES = 1 << 16

    PROBE_THREADS = 2

    # Probes that the main loop serves itself each time it has looked for events.
    MAX_IMMEDIATE = 2

    # Requests that run at once, and how often those that run too long are looked for.
    SLOTS, SLOT_CHECK_S = 2, 0.05

    # For the requests of a process that another one has replaced.
    RETIREMENT_S = 60

    # Set after the start.
    memory: MemoryWatch | None = None
    lane: RepeatLane | None = None
    request_replacement: Callable[[], None]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shares = Shares(self.cfg.threads, self.worker_connections)
        # Connections that the poller watches; the oldest first.
        self._watched: dict[ClientConnection, None] = {}
        self._queued: dict[ClientConnection, None] = {}
        self._swept_at = 0.0
        self._slots = Slots(self.SLOTS, self._on_free_slot)
        self._immediate_left = 0

    def init_process(self) -> None:
        self._probe_threads = ThreadPoolExecutor(self.PROBE_THREADS, "probe")
        super().init_process()

    # -- connections

    def accept(self, listener: Any) -> None:
        """Accept a connection; drop the oldest idle one of the same peer if it has too many."""
        if self.cfg.is_ssl:
            super().accept(listener)
            return
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in NO_DESCRIPTORS and self._drop_idle(self._shares.largest_peer()):
                return
            if error.errno not in (*GONE, *NO_DESCRIPTORS):
                raise
            return
        conn = ClientConnection(self.cfg, sock, client, listener.getsockname())
        self.nr_conns += 1
        self._shares.connected(conn.peer)
        crowded = self._shares.crowded_peer(conn.peer, self.nr_conns)
        if crowded is not None and not self._drop_idle(crowded):
            self._refuse(conn, 503)
        else:
            self._watch(conn)

    def _drop_idle(self, peer: str) -> bool:
        """Close the connection of `peer` that has waited longest; return whether there was one."""
        found = next((one for one in self._watched if one.peer == peer), None)
        if found is not None:
            self._forget(found)
        return found is not None

    def _watch(self, conn: ClientConnection) -> None:
        conn.sock.setblocking(False)
        self._watched[conn] = None
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_readable, conn))

    def _unwatch(self, conn: ClientConnection) -> None:
        if conn in self._watched:
            del self._watched[conn]
            with contextlib.suppress(KeyError, ValueError, OSError):
                self.poller.unregister(conn.sock)

    def _forget(self, conn: ClientConnection) -> None:
        self._unwatch(conn)
        self.nr_conns -= 1
        self._shares.disconnected(conn.peer)
        close(conn.sock)

    def _on_readable(self, conn: ClientConnection, _: object) -> None:
        try:
            data = conn.client_socket.receive_available(self.RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._forget(conn)
        elif conn.closing:
            conn.discarded_bytes += len(data)
            if conn.discarded_bytes > self.MAX_DISCARDED_BYTES:
                self._forget(conn)
        else:
            self._feed(conn, data)

    def _feed(self, conn: ClientConnection, data: bytes) -> None:
        is_ready = conn.feed(data)
        if not is_ready and len(conn.received) > MAX_HEAD_BYTES and self._is_memory_full():
            is_ready = conn.is_streamed = not conn.is_too_large
        if is_ready:
            self._unwatch(conn)
            if conn.is_immediate and self._immediate_left:
                self._serve_here(conn)
            elif conn.is_probe:
                self._submit(self._probe_threads, self.handle, conn)
            elif not (self.lane is not None and self.alive and self.lane.take(conn)):
                self._queue([conn])
        elif conn.is_too_large:
            self._refuse(conn, 431)

    def _is_memory_full(self) -> bool:
        waiting = sum(len(one.received) for one in self._watched)
        return waiting + sum(len(one.received) for one in self._queued) > self.MAX_BUFFERED_BYTES

    # -- requests

    def repeat(self, repeated: RepeatedRequests) -> None:
        """Serve requests that repeat an earlier one in a separate lane."""
        self.lane = RepeatLane(
            repeated,
            on_served=partial(self.method_queue.defer, self._after_repetition),
            on_missed=partial(self.method_queue.defer, self._queue),
        )

    def _after_repetition(self, served: Sequence[tuple[ClientConnection, bytes]]) -> None:
        for conn, rest in served:
            conn.forget_request()
            if not rest:
                self._keep(conn)
            elif self._shares.next([conn]) is None:
                # Its peer uses all its threads, perhaps by not reading.
                self._close(conn)
            else:
                self._shares.start(conn)
                self._submit(self.tpool, partial(self._send_rest, rest), conn)

    @staticmethod
    def _send_rest(rest: bytes, conn: ClientConnection) -> bool:
        conn.sock.setblocking(True)
        conn.client_socket.sendall(rest)
        return True

    def _queue(self, conns: Sequence[ClientConnection]) -> None:
        """Let requests wait for a thread."""
        for conn in conns:
            self._queued[conn] = None
            conn.queued_at = time.monotonic()
        self._serve_queued()

    def _serve_queued(self) -> None:
        """Pass waiting requests to threads while there are slots, those of idle peers first."""
        while self._queued and self._slots.is_free():
            found = self._shares.next(self._queued)
            if found is None or not self._slots.start(found):
                return
            del self._queued[found]
            self._shares.start(found)
            self._submit(self.tpool, self._handle_in_slot, found)

    def _serve_here(self, conn: ClientConnection) -> None:
        """Serve a request in the main loop, which needs no other thread to run; never wait for the client."""
        self._immediate_left -= 1
        conn.client_socket.may_wait = False
        served: Future[Any] = Future()
        served.set_result(self.handle(conn))
        conn.client_socket.may_wait = True
        self.method_queue.defer(self.finish_request, conn, served)

    def _submit(
        self,
        pool: ThreadPoolExecutor,
        serve: Callable[[ClientConnection], bool],
        conn: ClientConnection,
    ) -> None:
        served = pool.submit(serve, conn)
        served.add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def _handle_in_slot(self, conn: ClientConnection) -> bool:
        with self._slots.used_by(conn):
            is_kept = bool(self.handle(conn))
        sock = conn.client_socket
        if is_kept and self.lane is not None and isinstance(sock.reply, Reply):
            self.lane.learn(conn, sock.reply, bytes(sock.recorded or b""))
        sock.reply = sock.recorded = None
        return is_kept

    def _on_free_slot(self) -> None:
        if self._queued:
            self.method_queue.defer(self._serve_queued)

    def wait_for_and_dispatch_events(self, timeout: float | None) -> None:
        """Wait for events; while requests wait, start some when those that run take too long."""
        self._immediate_left = self.MAX_IMMEDIATE
        super().wait_for_and_dispatch_events(self.SLOT_CHECK_S if self._queued else timeout)
        if self._queued:
            self._serve_queued()

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Wait for the next request of a connection, or close it."""
        if not isinstance(conn, ClientConnection):
            super().finish_request(conn, fs)
            return
        self._shares.finished(conn)
        kept = not fs.cancelled() and fs.exception() is None and fs.result()
        if conn.sock.fileno() < 0:
            # A detached connection belongs to the hub.
            self._forget(conn)
        elif kept:
            self._keep(conn)
        else:
            self._close(conn)
        self._serve_queued()

    def _keep(self, conn: ClientConnection) -> None:
        linger_s = self.cfg.keepalive if self.alive else self.STOP_KEEPALIVE_S
        conn.deadline = time.monotonic() + linger_s
        self._watch(conn)
        pipelined = conn.take_pipelined()
        if pipelined:
            self._feed(conn, pipelined)

    def _refuse(self, conn: ClientConnection, status: int) -> None:
        with contextlib.suppress(OSError):
            write_problem(conn.sock, status)
        self._close(conn)

    def _close(self, conn: ClientConnection) -> None:
        """Close the sending side, and discard data until the client closes the other.

        Closing a socket with unread data resets the connection, and the client loses the response.
        """
        self._unwatch(conn)
        conn.received.clear()
        conn.closing = True
        conn.deadline = time.monotonic() + (CLOSE_TIMEOUT_S if self.alive else STOP_CLOSE_TIMEOUT_S)
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._forget(conn)
        else:
            self._watch(conn)

    # -- deadlines

    def murder_keepalived(self, force: bool = False) -> None:
        """Disconnect the clients whose time is over, or all that are not being served."""
        if self.cfg.is_ssl:
            super().murder_keepalived(force)  # type: ignore[call-arg]
        now = time.monotonic()
        if self.alive and self.memory is not None and self.memory.is_exceeded(now):
            self._retire(self.memory)
        if force:
            for conn in [*self._watched, *self._queued]:
                self._forget(conn)
        elif now - self._swept_at >= self.SWEEP_INTERVAL_S:
            self._swept_at = now
            for conn in [one for one in self._watched if one.deadline <= now]:
                self._expire(conn)
            for conn in [one for one in self._queued if now - one.queued_at > QUEUE_TIMEOUT_S]:
                del self._queued[conn]
                self._refuse(conn, 503)

    def _expire(self, conn: ClientConnection) -> None:
        if conn.closing or not conn.received:
            self._forget(conn)
        else:
            self.log.info("Client stalled in the middle of a request.")
            self._refuse(conn, 408)

    def _retire(self, memory: MemoryWatch) -> None:
        self.log.warning("The web process uses %d MB; a new one replaces it.", memory.used // 10**6)
        self.memory = None
        self.cfg.set("graceful_timeout", self.RETIREMENT_S)
        self.request_replacement()

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)  # type: ignore[misc]
        for conn in self._watched:
            if not conn.received:
                conn.deadline = min(conn.deadline, deadline)
