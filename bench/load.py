"""Load generator, `python -m bench.load`: repeats one request over plain sockets.

Parses only the status and the length of responses. With `--canned` it is a server that sends a constant response, to measure the
limit of the generator itself.
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
WARM_UP_S = 0.2
TIMEOUT_S = 10.0


class Unexpected(Exception):
    """Raised for an unexpected response or a timeout."""


class Connection:
    """One keep-alive connection with one pending request."""

    def __init__(self, port: int, request: bytes, status: bytes) -> None:
        """Connect; every response must start with `status`."""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = request
        self._status = status
        self._received = b""
        self._requested_at = 0.0

    def send(self) -> None:
        self._requested_at = time.perf_counter()
        self.socket.sendall(self._request)

    def receive(self) -> float | None:
        """Read available data; return the seconds since the request once the response is complete."""
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
        return time.perf_counter() - self._requested_at


def generate(
    port: int, request: bytes, status: bytes, connections: int, seconds: float
) -> dict[str, float]:
    """Keep `connections` requests pending for `seconds`; return the rate in 1/s, p50 and p99 in ms."""
    pool = [Connection(port, request, status) for _ in range(connections)]
    taken: list[float] = []
    responses = 0
    with selectors.DefaultSelector() as selector:
        for connection in pool:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        begin = time.perf_counter() + WARM_UP_S
        cpu_before = time.process_time()
        # On a busy machine the first response can take longer than the whole measurement.
        while (now := time.perf_counter()) < begin + seconds or not taken:
            ready = selector.select(TIMEOUT_S)
            if not ready:
                raise Unexpected(f"no response for {TIMEOUT_S:.0f} s")
            for key, _ in ready:
                waited = key.data.receive()
                if waited is not None:
                    responses += 1
                    if now >= begin:
                        taken.append(waited)
                    key.data.send()
    seconds = now - begin
    cpu = (time.process_time() - cpu_before) / (seconds + WARM_UP_S)
    for connection in pool:
        connection.socket.close()
    taken.sort()
    return {
        "rate": len(taken) / seconds,
        "p50": 1000 * taken[len(taken) // 2],
        "p99": 1000 * taken[min(len(taken) * 99 // 100, len(taken) - 1)],
        "busy": cpu,
        "responses": responses,
    }


def serve_canned(port: int) -> None:
    """Send a constant response to every request, until killed."""
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
                    _respond(key.fileobj, selector)  # type: ignore[arg-type]


def _respond(connection: socket.socket, selector: selectors.BaseSelector) -> None:
    try:
        request = connection.recv(65536)
        if request:
            connection.sendall(CANNED)
    except ConnectionError:
        # The generator closes connections with pending responses.
        request = b""
    if not request:
        selector.unregister(connection)
        connection.close()


def main() -> int:
    """Generate load and print the result as JSON; return 1 after an unexpected response."""
    parser = argparse.ArgumentParser(prog="python -m bench.load")
    parser.add_argument("port", type=int, help="port on 127.0.0.1")
    parser.add_argument("--canned", action="store_true", help="serve a constant response instead")
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
