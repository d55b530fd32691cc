"""A gunicorn thread worker whose main loop does not wait for clients."""

from __future__ import annotations

from typing import Any

from gunicorn.util import close_graceful
from gunicorn.workers.gthread import ThreadWorker

# Time for the client to close its end; less while the process stops.
CLOSE_TIMEOUT_S, STOP_CLOSE_TIMEOUT_S = 2.0, 0.2


class WebWorker(ThreadWorker):
    """A thread worker that closes a connection in the thread that served it.

    gunicorn closes connections in its main loop and waits up to two seconds for the client to close
    too. A hundred stalled clients would block all others for minutes.
    """

    def handle(self, conn: Any) -> Any:
        """Serve a request, and close the connection unless it is kept alive."""
        kept = super().handle(conn)
        # A detached connection belongs to the hub.
        if not kept and conn.sock.fileno() >= 0:
            conn.sock.setblocking(True)
            close_graceful(conn.sock, CLOSE_TIMEOUT_S if self.alive else STOP_CLOSE_TIMEOUT_S)
        return kept

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Count a closed connection, or let gunicorn wait for its next request."""
        if conn.sock.fileno() < 0:
            self.nr_conns -= 1
        else:
            super().finish_request(conn, fs)
