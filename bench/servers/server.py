"""Interface of servers with open connections."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from bench.machinery import Bench, ProcessGroup

ADAPTERS = Path(__file__).resolve().parent / "adapters"
# Sends a text to all clients; returns `time.monotonic()` just before.
Publish = Callable[[str], float]


class Server(ABC):
    """One server: how to start it, to connect clients, and to send an event to all of them.

    Attributes:
        name: name in the table.
        note: settings that differ from the defaults.
        standard: whether it is measured without `--peers`.
        kind: `stream` (server-sent events) or `socket` (WebSockets).
        path: path for clients.
        greeting: first message of a WebSocket client.
        until: data after which a connection counts as open; may be empty.
        plain: path with a short JSON response.
    """

    name: ClassVar[str]
    note: ClassVar[str] = ""
    standard: ClassVar[bool] = False
    kind: ClassVar[str]
    path: str
    greeting: ClassVar[str] = ""
    until: ClassVar[str] = "\r\n\r\n"
    plain: ClassVar[str] = "/plain"

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def prepare(self) -> None:  # noqa: B027 - optional
        """Prepare the first round, for example install packages; raise BenchError if that fails."""

    @abstractmethod
    def start(self, group: ProcessGroup) -> int:
        """Start the server in the process group `group`; return the port once it responds."""

    @abstractmethod
    def publisher(self, helpers: ProcessGroup) -> Publish:
        """Start a publishing process in the process group `helpers`; return a function that publishes."""

    def finish(self) -> None:  # noqa: B027 - optional
        """Let the processes of a round end by themselves where stopping them would take long."""

    def has_clients(self, clients: int) -> bool:
        """Return whether the server has so many clients, if its responses do not show it."""
        return True
