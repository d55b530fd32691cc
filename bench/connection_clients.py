"""Clients of the section `connections`, `python -m bench.connection_clients`: many open connections in one process.

Reads commands from standard input, one per line, and prints a line of JSON for each:

- `open N`: open connections until there are N; returns the seconds that this took.
- `receive N`: wait until every client has received event N; returns the sorted times of arrival.

Times are values of `time.monotonic()`, which all processes of a machine share. Events are numbered by the mark `mark-N;` in their
text. All clients share one epoll loop and parse only the necessary parts of the protocols.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import selectors
import socket
import sys
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable

MARK = re.compile(rb"mark-([0-9]+);")
HEAD_END = b"\r\n\r\n"
STREAM_END = b"\n\n"
# Limits the connections that are being opened at the same time: connection storms are not measured here.
MAX_OPENING = 16
TIMEOUT_S, POLL_S = 30.0, 1.0
# RFC 6455, 5.2.
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
LONG = 126
MASK = bytes(4)


class ServerFailed(Exception):
    """Raised when the server rejects a request, closes a connection or does not respond in time."""


def mark(number: int) -> str:
    """Return the text that identifies event `number`; its length is constant."""
    return f"mark-{number:06};"


class Client(ABC):
    """One open connection; subclasses implement the protocol."""

    def __init__(self, port: int, head: bytes, until: bytes) -> None:
        """Connect and send `head`; the connection counts as open once `until` was received."""
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.sendall(head)
        self.sock.setblocking(False)
        self.is_open = not until
        self._until = until
        self._status_seen = False
        self._received = b""

    def read(self) -> list[int]:
        """Read available data and return the numbers of the events in it."""
        block = self.sock.recv(65536)
        if not block:
            raise ServerFailed(f"a connection was closed; last data: {self._received[-200:]!r}")
        self._received += block
        if not self._status_seen and not self._read_status():
            return []
        if not self.is_open and self._until in self._received:
            self.is_open = True
        return self.take()

    def _read_status(self) -> bool:
        head, found, rest = self._received.partition(HEAD_END)
        if not found:
            return False
        if head.split(b" ", 2)[1] not in (b"200", b"101"):
            raise ServerFailed(f"unexpected response: {self._received[:300]!r}")
        if self._until and self._until in self._received:
            self.is_open = True
        self._status_seen = True
        self._received = rest
        self.on_open()
        return True

    @abstractmethod
    def on_open(self) -> None:
        """Send the first message, if any."""

    @abstractmethod
    def take(self) -> list[int]:
        """Return the numbers of the complete events, and keep the rest of the data."""


class StreamClient(Client):
    """A client of an event stream."""

    def on_open(self) -> None:
        """Do nothing: a stream is read-only."""

    def take(self) -> list[int]:
        """Return the numbers of the complete events."""
        whole, found, rest = self._received.rpartition(STREAM_END)
        if not found:
            return []
        self._received = rest
        return [int(number) for number in MARK.findall(whole)]


class SocketClient(Client):
    """A WebSocket client that answers the pings of the protocol and of Engine.IO."""

    greeting: bytes = b""

    def on_open(self) -> None:
        if self.greeting:
            self.sock.sendall(frame(TEXT, self.greeting))

    def take(self) -> list[int]:
        """Return the numbers of the complete events."""
        numbers = []
        while (found := complete_frame(self._received)) is not None:
            opcode, data, length = found
            self._received = self._received[length:]
            if opcode == PING:
                self.sock.sendall(frame(PONG, data))
            elif opcode == CLOSE:
                raise ServerFailed(f"the server closed a WebSocket: {data!r}")
            elif data == b"2":
                self.sock.sendall(frame(TEXT, b"3"))
            elif marked := MARK.search(data):
                numbers.append(int(marked[1]))
        return numbers


def frame(opcode: int, data: bytes) -> bytes:
    """Return a short client frame (RFC 6455, 5.2) with a mask of zeros."""
    if len(data) >= LONG:
        raise ValueError("only short frames are supported")
    return bytes((0x80 | opcode, 0x80 | len(data))) + MASK + data


def complete_frame(received: bytes) -> tuple[int, bytes, int] | None:
    """Return opcode, data and size of the first frame; None if it is incomplete."""
    if len(received) < 2:  # noqa: PLR2004 - opcode and length
        return None
    length, start = received[1] & 0x7F, 2
    if length >= LONG:
        start += 2 if length == LONG else 8
        length = int.from_bytes(received[2:start], "big")
    if len(received) < start + length:
        return None
    return received[0] & 0x0F, received[start : start + length], start + length


class Clients:
    """All clients of the process."""

    def __init__(self, make: Callable[[], Client]) -> None:
        self._make = make
        self._selector = selectors.DefaultSelector()
        self._clients: list[Client] = []
        self._opening: set[Client] = set()
        self._moments: defaultdict[int, list[float]] = defaultdict(list)
        self._commands = b""
        self._selector.register(sys.stdin.fileno(), selectors.EVENT_READ)

    def serve(self) -> None:
        """Execute commands from standard input until it is closed."""
        while (command := self._next_command()) is not None:
            name, number = command.split()
            response = self._open(int(number)) if name == "open" else self._receive(int(number))
            print(json.dumps(response), flush=True)

    def _next_command(self) -> str | None:
        while b"\n" not in self._commands:
            if not self._poll(None):
                return None
        command, _, self._commands = self._commands.partition(b"\n")
        return command.decode()

    def _open(self, count: int) -> float:
        started_at = time.monotonic()
        while len(self._clients) < count or self._opening:
            while len(self._clients) < count and len(self._opening) < MAX_OPENING:
                client = self._make()
                self._clients.append(client)
                self._selector.register(client.sock, selectors.EVENT_READ, client)
                if not client.is_open:
                    self._opening.add(client)
            if self._opening:
                self._wait(
                    started_at, f"{len(self._opening)} connections of {count} were not opened"
                )
        return time.monotonic() - started_at

    def _receive(self, number: int) -> list[float]:
        started_at = time.monotonic()
        while len(self._moments[number]) < len(self._clients):
            self._wait(
                started_at,
                f"only {len(self._moments[number])} of {len(self._clients)} clients got event {number}",
            )
        return self._moments.pop(number)

    def _wait(self, started_at: float, error: str) -> None:
        self._poll(POLL_S)
        if time.monotonic() - started_at > TIMEOUT_S:
            raise ServerFailed(f"{error} in {TIMEOUT_S:.0f} s")

    def _poll(self, timeout: float | None) -> bool:
        """Read from all ready sockets; return False once standard input is closed."""
        for key, _ in self._selector.select(timeout):
            client = key.data
            if client is None:
                commands = os.read(key.fd, 4096)
                if not commands:
                    return False
                self._commands += commands
                continue
            for number in client.read():
                self._moments[number].append(time.monotonic())
            if client.is_open:
                self._opening.discard(client)
        return True


def request(path: str, port: int, kind: str) -> bytes:
    """Return the HTTP request that opens a connection."""
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    if kind == "stream":
        lines += ["Accept: text/event-stream"]
    else:
        key = base64.b64encode(bytes(16)).decode()
        lines += [
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
        ]
    return "\r\n".join([*lines, "", ""]).encode()


def main() -> int:
    """Run the clients; return 1 if the server failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.connection_clients")
    parser.add_argument("port", type=int, help="port on 127.0.0.1")
    parser.add_argument("path")
    parser.add_argument("--kind", choices=["stream", "socket"], required=True)
    parser.add_argument("--greeting", default="", help="first message of a WebSocket")
    parser.add_argument(
        "--until",
        default="\r\n\r\n",
        help="data after which a connection counts as open; may be empty",
    )
    options = parser.parse_args()
    SocketClient.greeting = options.greeting.encode()
    kind = StreamClient if options.kind == "stream" else SocketClient
    head, until = request(options.path, options.port, options.kind), options.until.encode()
    try:
        Clients(lambda: kind(options.port, head, until)).serve()
    except (ServerFailed, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
