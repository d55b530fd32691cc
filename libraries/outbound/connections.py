"""Connections to the outside: to an address that was checked, with one deadline for everything and a limit for what is read.

Made by hand, because what HTTP clients do for comfort is what must not happen here: look the name
up again, follow a redirect unseen, use the proxy of the environment, wait for as long as bytes keep
dripping, read whatever comes.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

from libraries.outbound.addresses import Endpoint

MAX_ADDRESSES = 4


@contextlib.contextmanager
def connected(
    endpoint: Endpoint, addresses: tuple[str, ...], deadline: float
) -> Iterator[socket.socket]:
    """Connect to one of the addresses, encrypted if the scheme says so.

    The certificate has to be that of the host's name.
    """
    with _first_to_answer(addresses[:MAX_ADDRESSES], endpoint.port, deadline) as plain:
        if endpoint.scheme == "http":
            yield plain
            return
        plain.settimeout(seconds_until(deadline))
        with ssl.create_default_context().wrap_socket(
            plain, server_hostname=endpoint.host
        ) as encrypted:
            yield encrypted


def _first_to_answer(addresses: tuple[str, ...], port: int, deadline: float) -> socket.socket:
    """Return a connection to the first address that takes one.

    Each gets its share of the time that is left.
    """
    for place, address in enumerate(addresses[:-1]):
        with contextlib.suppress(OSError):
            return socket.create_connection(
                (address, port), seconds_until(deadline) / (len(addresses) - place)
            )
    return socket.create_connection((addresses[-1], port), seconds_until(deadline))


def seconds_until(deadline: float) -> float:
    """Return the seconds until a time of `time.monotonic()`.

    Raise TimeoutError when it has passed.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class ReplyTooLong(http.client.HTTPException):
    """Raised when the other end goes on and on."""


class Wire(io.RawIOBase):
    """A connection with one deadline for all that is sent and read, and a limit for what is read."""

    def __init__(self, connection: socket.socket, deadline: float, *, most: int) -> None:
        """Take over neither the connection nor its end: whoever made it closes it."""
        self._connection, self._deadline, self._left = connection, deadline, most

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what `http.client` reads from, as a socket does."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has come, waiting until the deadline.

        Raises:
            TimeoutError: the deadline has passed.
            ReplyTooLong: the limit is reached.
        """
        if not self._left:
            raise ReplyTooLong
        self._connection.settimeout(seconds_until(self._deadline))
        count = self._connection.recv_into(memoryview(buffer)[: self._left])
        self._left -= count
        return count

    def send(self, data: bytes) -> None:
        """Send all of `data`, however slowly it is taken.

        Raises:
            TimeoutError: the deadline has passed.
        """
        rest = memoryview(data)
        while rest:
            self._connection.settimeout(seconds_until(self._deadline))
            rest = rest[self._connection.send(rest) :]
