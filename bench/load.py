"""The load generator, `python -m bench.load`: a process of its own that asks one thing again and again over plain sockets.

It parses no more of an answer than its status and its length. `--canned` makes it the server instead: one that answers at once
with a text that was made before, to find out how fast the generator itself is.
"""

from __future__ import annotations

import argparse
import json
import re
import selectors
import socket
import sys
import time

HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
CANNED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 700\r\n\r\n" + 700 * b"x"
)
WARM_UP = 0.2
# No answer for this long is the end of the measurement.
PATIENCE = 10.0


class Unexpected(Exception):
    """Raised when an answer is not the one that was to be measured."""


class Line:
    """One kept-alive connection with one request under way."""

    def __init__(self, port: int, request: bytes, status: bytes) -> None:
        """Connect; every answer must begin with `status`."""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = request
        self._status = status
        self._received = b""
        self._asked = 0.0

    def ask(self) -> None:
        """Send the request."""
        self._asked = time.perf_counter()
        self.socket.sendall(self._request)

    def hear(self) -> float | None:
        """Read what has come; return the seconds since the request once the answer is whole, else None.

        Raises:
            Unexpected: the answer has another status, or the connection was closed.
        """
        block = self.socket.recv(65536)
        self._received += block
        if not block or not self._received.startswith(self._status[: len(self._received)]):
            raise Unexpected(
                f"expected {self._status.decode()!r}, got {self._received[:200].decode(errors='replace')!r}"
            )
        end = self._received.find(HEAD_END)
        if end < 0:
            return None
        length = LENGTH.search(self._received, 0, end)
        if len(self._received) < end + len(HEAD_END) + (int(length[1]) if length else 0):
            return None
        self._received = b""
        return time.perf_counter() - self._asked


def generate(
    port: int, request: bytes, status: bytes, connections: int, seconds: float
) -> dict[str, float]:
    """Keep `connections` requests under way for `seconds`; return the answers per second and the p50 and p99 in ms.

    Raises:
        Unexpected: an answer is not the expected one, or none comes.
    """
    lines = [Line(port, request, status) for _ in range(connections)]
    taken: list[float] = []
    answers = 0
    with selectors.DefaultSelector() as selector:
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
            line.ask()
        begin = time.perf_counter() + WARM_UP
        cpu_before = time.process_time()
        while (now := time.perf_counter()) < begin + seconds:
            ready = selector.select(PATIENCE)
            if not ready:
                raise Unexpected(f"no answer for {PATIENCE:.0f} s")
            for key, _ in ready:
                waited = key.data.hear()
                if waited is not None:
                    answers += 1
                    if now >= begin:
                        taken.append(waited)
                    key.data.ask()
    cpu = (time.process_time() - cpu_before) / (seconds + WARM_UP)
    for line in lines:
        line.socket.close()
    taken.sort()
    return {
        "rate": len(taken) / seconds,
        "p50": 1000 * taken[len(taken) // 2],
        "p99": 1000 * taken[min(len(taken) * 99 // 100, len(taken) - 1)],
        "busy": cpu,
        "answers": answers,
    }


def serve_canned(port: int) -> None:
    """Answer everything at once with the same text, until killed."""
    with (
        socket.create_server(("127.0.0.1", port)) as server,
        selectors.DefaultSelector() as selector,
    ):
        selector.register(server, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is server:
                    selector.register(server.accept()[0], selectors.EVENT_READ)
                else:
                    _answer(key.fileobj, selector)  # type: ignore[arg-type]


def _answer(connection: socket.socket, selector: selectors.BaseSelector) -> None:
    try:
        asked = connection.recv(65536)
        if asked:
            connection.sendall(CANNED)
    except ConnectionError:
        # The generator hangs up with answers under way.
        asked = b""
    if not asked:
        selector.unregister(connection)
        connection.close()


def main() -> int:
    """Generate load as the command line says, and print the outcome as JSON; return 1 if an answer was not as expected."""
    parser = argparse.ArgumentParser(prog="python -m bench.load")
    parser.add_argument("port", type=int, help="port on 127.0.0.1")
    parser.add_argument("--canned", action="store_true", help="be the server that answers at once")
    parser.add_argument("--path", default="/")
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("--status", type=int, default=200)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    if options.canned:
        serve_canned(options.port)
    request = "\r\n".join(
        [f"GET {options.path} HTTP/1.1", f"Host: 127.0.0.1:{options.port}", *options.header, "", ""]
    )
    status = f"HTTP/1.1 {options.status} ".encode()
    try:
        outcome = generate(
            options.port, request.encode(), status, options.connections, options.seconds
        )
    except (Unexpected, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(outcome))
    return 0


if __name__ == "__main__":
    sys.exit(main())
