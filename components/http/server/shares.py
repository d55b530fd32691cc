"""The parts of connections and threads that one peer may use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from components.http.server.connections import ClientConnection


class Shares:
    """Counts the connections and the running requests of each peer; used by one thread."""

    def __init__(self, threads: int, connections: int) -> None:
        self.connections = connections
        self.connections_per_peer = max(1, connections // 2)
        self.threads = threads
        self.threads_per_peer = thread_share(threads)
        # Threads that may wait for bodies.
        self.readers = max(1, threads // 4)
        self.readers_per_peer = max(1, self.readers // 2)
        self._connected: Counter[str] = Counter()
        self._running: Counter[str] = Counter()
        self._reading: Counter[str] = Counter()
        # Whether the thread of a connection may have to wait for the body.
        self._served: dict[ClientConnection, bool] = {}

    def connected(self, peer: str) -> None:
        self._connected[peer] += 1

    def disconnected(self, peer: str) -> None:
        _decrement(self._connected, peer)

    def largest_peer(self) -> str:
        """Return the peer with the most connections, "" without any."""
        return max(self._connected, key=self._connected.__getitem__, default="")

    def crowded_peer(self, peer: str, total: int) -> str | None:
        """Return the peer that has to give up a connection, None if there is room for all."""
        if self._connected[peer] > self.connections_per_peer:
            return peer
        return self.largest_peer() if total >= self.connections else None

    def next(self, waiting: Iterable[ClientConnection]) -> ClientConnection | None:
        """Return the first connection whose request may start, preferably of a peer that has none running."""
        if len(self._served) >= self.threads:
            return None
        found = None
        for conn in waiting:
            if conn.peer not in self._running and self._may_start(conn):
                return conn
            if found is None and self._may_start(conn):
                found = conn
        return found

    def _may_start(self, conn: ClientConnection) -> bool:
        peer = conn.peer
        if self._running[peer] >= self.threads_per_peer:
            return False
        is_full = self._reading.total() >= self.readers
        return not conn.is_streamed or not (is_full or self._reading[peer] >= self.readers_per_peer)

    def start(self, conn: ClientConnection) -> None:
        """Reserve a thread for the request of a connection."""
        self._served[conn] = conn.is_streamed
        self._running[conn.peer] += 1
        if conn.is_streamed:
            self._reading[conn.peer] += 1

    def finished(self, conn: ClientConnection) -> None:
        """Release the thread of a request, if it had one of these."""
        if conn not in self._served:
            return
        _decrement(self._running, conn.peer)
        if self._served.pop(conn):
            _decrement(self._reading, conn.peer)


def thread_share(threads: int) -> int:
    """Return how many of the threads one client may use."""
    # An eighth of fewer threads is too few to be of use to others.
    worth_sharing = 16
    return threads - threads // 8 if threads >= worth_sharing else threads


def _decrement(counts: Counter[str], peer: str) -> None:
    counts[peer] -= 1
    if counts[peer] <= 0:
        del counts[peer]
