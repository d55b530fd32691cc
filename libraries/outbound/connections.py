"""Connections to checked addresses, with one deadline and a limit for the response.

HTTP clients resolve the name again, follow redirects, use the proxy of the environment, restart the
timeout with each byte, and read responses of any size. None of that is safe here.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from typing import Any

from libraries.outbound.addresses import Endpoint


@contextlib.contextmanager
def connected(
    endpoint: Endpoint, addresses: tuple[str, ...], deadline: float
) -> Iterator[socket.socket]:
    """Connect to one of the first four addresses, with TLS for `https`; the certificate must match the host name."""
    with _first_to_answer(addresses[:4], endpoint.port, deadline) as plain:
        if endpoint.scheme == "http":
            yield plain
            return
        plain.settimeout(seconds_until(deadline))
        with ssl.create_default_context().wrap_socket(
            plain, server_hostname=endpoint.host
        ) as encrypted:
            yield encrypted


def _first_to_answer(addresses: tuple[str, ...], port: int, deadline: float) -> socket.socket:
    """Return a connection to the first reachable address; each gets an equal share of the remaining time."""
    for index, address in enumerate(addresses[:-1]):
        with contextlib.suppress(OSError):
            return socket.create_connection(
                (address, port), seconds_until(deadline) / (len(addresses) - index)
            )
    return socket.create_connection((addresses[-1], port), seconds_until(deadline))


def seconds_until(deadline: float) -> float:
    """Return the seconds until a time of `time.monotonic()`; raise TimeoutError if it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def request_bytes(
    method: str, endpoint: Endpoint, headers: Mapping[str, str], body: bytes = b""
) -> bytes:
    """Encode a request. The target of a checked endpoint contains no line ends; headers must not either."""
    lines = {
        "Host": endpoint.authority,
        "User-Agent": "Vector-API",
        "Connection": "close",
        **headers,
    }
    head = [f"{method} {endpoint.target} HTTP/1.1", *(f"{name}: {lines[name]}" for name in lines)]
    return "\r\n".join([*head, "", ""]).encode("ascii") + body


class ReplyTooLong(http.client.HTTPException):
    """Raised when a response exceeds the limit."""


class Wire(io.RawIOBase):
    """A connection with one deadline for all reads and writes, and a limit for the bytes read."""

    def __init__(self, connection: socket.socket, deadline: float, *, most: int) -> None:
        """Use `connection`, which the caller closes."""
        self._connection, self._deadline, self._left = connection, deadline, most

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return the file that `http.client` reads from."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Read available bytes, waiting until the deadline.

        Raises:
            TimeoutError: the deadline has passed.
            ReplyTooLong: the limit was reached.
        """
        if not self._left:
            raise ReplyTooLong
        self._connection.settimeout(seconds_until(self._deadline))
        count = self._connection.recv_into(memoryview(buffer)[: self._left])
        self._left -= count
        return count

    def send(self, data: bytes) -> None:
        """Send all of `data`; raise TimeoutError at the deadline."""
        rest = memoryview(data)
        while rest:
            self._connection.settimeout(seconds_until(self._deadline))
            rest = rest[self._connection.send(rest) :]
