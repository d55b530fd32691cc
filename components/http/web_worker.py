"""gunicorn's thread worker with a main loop that waits for no client."""

from __future__ import annotations

from typing import Any

from gunicorn.util import close_graceful
from gunicorn.workers.gthread import ThreadWorker

# Seconds that a client has for closing its end as well; fewer once the process is to stop.
PATIENCE, LAST_PATIENCE = 2.0, 0.2


class WebWorker(ThreadWorker):
    """A thread worker that says goodbye to a client in the thread that served it.

    gunicorn closes a connection in its main loop and gives the client up to two seconds to close
    its end as well. All other clients wait meanwhile: a hundred that stall and never close keep the
    process from answering for minutes.
    """

    def handle(self, conn: Any) -> Any:
        """Serve one request; a connection that ends with it is closed here."""
        kept = super().handle(conn)
        # A held connection was detached: its socket belongs to somebody else by now.
        if not kept and conn.sock.fileno() >= 0:
            conn.sock.setblocking(True)
            close_graceful(conn.sock, PATIENCE if self.alive else LAST_PATIENCE)
        return kept

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Count a connection that is over, or let gunicorn wait for its next request."""
        if conn.sock.fileno() < 0:
            self.nr_conns -= 1
        else:
            super().finish_request(conn, fs)
