"""`python -m tests.faults.prober PORT`: requests /healthz ten times a second, on a new connection each time.

Writes a line with the status, 0 for none, and the seconds of each request, until terminated. It is a
separate process, because threads of a busy Python process delay each other.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def probe(port: int) -> str:
    """Send one request; return its status."""
    received = b""
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
    ):
        connection.sendall(REQUEST)
        while block := connection.recv(65536):
            received += block
    return received[9:12].decode() if b"alive" in received else "0"


def main() -> None:
    port = int(sys.argv[1])
    while True:
        started_at = time.monotonic()
        status = probe(port)
        sys.stdout.write(f"{status} {time.monotonic() - started_at:.6f}\n")
        sys.stdout.flush()
        time.sleep(0.1)


if __name__ == "__main__":
    main()
