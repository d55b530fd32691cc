"""The clients of `held`, `python -m bench.held_clients`: a process of its own that holds many connections and notes what comes.

It is told what to do by lines on its input and answers each with a line of JSON:

- `open N`: open connections until there are N; answers with the seconds that this took.
- `hear N`: wait until every client has event N; answers with the moments at which they got it, in order.

A moment is what `time.monotonic()` says, a clock that all processes of a machine share. The number of an event is found by the
mark `mark-N;` in its text. All clients are one epoll loop, which reads as little of the protocols as will do.
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
# Connections that are being opened at the same time; a crowd at the door is another measurement.
AT_ONCE = 16
# Seconds.
PATIENCE, LOOK_EVERY = 30.0, 1.0
# RFC 6455, 5.2.
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
LONG = 126
MASK = bytes(4)


class LetDown(Exception):
    """Raised when the server does not do its part."""


def mark(number: int) -> str:
    """Return the text by which event `number` is known, of the same length for all events."""
    return f"mark-{number:06};"


class Client(ABC):
    """One held connection, from the request on; a subclass knows what is said on it."""

    def __init__(self, port: int, head: bytes, until: bytes) -> None:
        """Connect and ask; the connection counts as held when what has come holds `until`, at once if that is empty."""
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.sendall(head)
        self.sock.setblocking(False)
        self.held = not until
        self._until = until
        self._status_seen = False
        self._received = b""

    def read(self) -> list[int]:
        """Take what has come and return the numbers of the events in it.

        Raises:
            LetDown: the server refused the request or closed the connection.
        """
        block = self.sock.recv(65536)
        if not block:
            raise LetDown(f"a connection was closed; it last said {self._received[-200:]!r}")
        self._received += block
        if not self._status_seen and not self._see_status():
            return []
        if not self.held and self._until in self._received:
            self.held = True
        return self.take()

    def _see_status(self) -> bool:
        head, found, rest = self._received.partition(HEAD_END)
        if not found:
            return False
        if head.split(b" ", 2)[1] not in (b"200", b"101"):
            raise LetDown(f"a request was answered {self._received[:300]!r}")
        if self._until and self._until in self._received:
            self.held = True
        self._status_seen = True
        self._received = rest
        self.welcomed()
        return True

    @abstractmethod
    def welcomed(self) -> None:
        """Say what there is to say behind the answer's head."""

    @abstractmethod
    def take(self) -> list[int]:
        """Return the numbers of the events that are whole, and keep the rest."""


class StreamClient(Client):
    """A client of an event stream."""

    def welcomed(self) -> None:
        """Say nothing: a stream is only heard."""

    def take(self) -> list[int]:
        """Return the numbers of the events that are whole."""
        whole, found, rest = self._received.rpartition(STREAM_END)
        if not found:
            return []
        self._received = rest
        return [int(number) for number in MARK.findall(whole)]


class SocketClient(Client):
    """A client on a WebSocket. It answers pings, the protocol's own and those of Engine.IO, with what is expected."""

    opening: bytes = b""

    def welcomed(self) -> None:
        """Say the first message."""
        if self.opening:
            self.sock.sendall(frame(TEXT, self.opening))

    def take(self) -> list[int]:
        """Return the numbers of the events that are whole."""
        numbers = []
        while (found := whole_frame(self._received)) is not None:
            opcode, data, length = found
            self._received = self._received[length:]
            if opcode == PING:
                self.sock.sendall(frame(PONG, data))
            elif opcode == CLOSE:
                raise LetDown(f"the server closed a WebSocket: {data!r}")
            elif data == b"2":
                self.sock.sendall(frame(TEXT, b"3"))
            elif marked := MARK.search(data):
                numbers.append(int(marked[1]))
        return numbers


def frame(opcode: int, data: bytes) -> bytes:
    """Return a short frame as a client has to write it (RFC 6455, 5.2); a mask of zeros is one."""
    if len(data) >= LONG:
        raise ValueError("only short frames are sent")
    return bytes((0x80 | opcode, 0x80 | len(data))) + MASK + data


def whole_frame(received: bytes) -> tuple[int, bytes, int] | None:
    """Return the first frame's opcode and data, and how many bytes it takes; None while it is not whole."""
    if len(received) < 2:  # noqa: PLR2004 - opcode and length
        return None
    length, start = received[1] & 0x7F, 2
    if length >= LONG:
        start += 2 if length == LONG else 8
        length = int.from_bytes(received[2:start], "big")
    if len(received) < start + length:
        return None
    return received[0] & 0x0F, received[start : start + length], start + length


class Crowd:
    """All clients of the process."""

    def __init__(self, make: Callable[[], Client]) -> None:
        """Make clients by `make`."""
        self._make = make
        self._selector = selectors.DefaultSelector()
        self._clients: list[Client] = []
        self._opening: set[Client] = set()
        self._moments: defaultdict[int, list[float]] = defaultdict(list)
        self._orders = b""
        self._selector.register(sys.stdin.fileno(), selectors.EVENT_READ)

    def serve(self) -> None:
        """Do what the lines on the input say, until it ends."""
        while (order := self._next_order()) is not None:
            verb, number = order.split()
            answer = self._open(int(number)) if verb == "open" else self._hear(int(number))
            print(json.dumps(answer), flush=True)

    def _next_order(self) -> str | None:
        while b"\n" not in self._orders:
            if not self._turn(None):
                return None
        order, _, self._orders = self._orders.partition(b"\n")
        return order.decode()

    def _open(self, count: int) -> float:
        began = time.monotonic()
        while len(self._clients) < count or self._opening:
            while len(self._clients) < count and len(self._opening) < AT_ONCE:
                client = self._make()
                self._clients.append(client)
                self._selector.register(client.sock, selectors.EVENT_READ, client)
                if not client.held:
                    self._opening.add(client)
            if self._opening:
                self._wait(began, f"{len(self._opening)} connections of {count} were not opened")
        return time.monotonic() - began

    def _hear(self, number: int) -> list[float]:
        began = time.monotonic()
        while len(self._moments[number]) < len(self._clients):
            self._wait(
                began,
                f"only {len(self._moments[number])} of {len(self._clients)} clients got event {number}",
            )
        return self._moments.pop(number)

    def _wait(self, began: float, what: str) -> None:
        self._turn(LOOK_EVERY)
        if time.monotonic() - began > PATIENCE:
            raise LetDown(f"{what} in {PATIENCE:.0f} s")

    def _turn(self, timeout: float | None) -> bool:
        """Read from whoever has something to say; return False once the input has ended."""
        for key, _ in self._selector.select(timeout):
            client = key.data
            if client is None:
                orders = os.read(key.fd, 4096)
                if not orders:
                    return False
                self._orders += orders
                continue
            for number in client.read():
                self._moments[number].append(time.monotonic())
            if client.held:
                self._opening.discard(client)
        return True


def request(path: str, port: int, kind: str) -> bytes:
    """Return the request that opens a connection."""
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
    """Hold connections as the command line says and the input orders; return 1 if the server let a client down."""
    parser = argparse.ArgumentParser(prog="python -m bench.held_clients")
    parser.add_argument("port", type=int, help="port on 127.0.0.1")
    parser.add_argument("path")
    parser.add_argument("--kind", choices=["stream", "socket"], required=True)
    parser.add_argument("--say", default="", help="first message of a WebSocket")
    parser.add_argument(
        "--until",
        default="\r\n\r\n",
        help="what has to come before a connection counts as held; may be nothing",
    )
    options = parser.parse_args()
    SocketClient.opening = options.say.encode()
    kind = StreamClient if options.kind == "stream" else SocketClient
    head, until = request(options.path, options.port, options.kind), options.until.encode()
    try:
        Crowd(lambda: kind(options.port, head, until)).serve()
    except (LetDown, OSError) as trouble:
        sys.stderr.write(f"{trouble}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
