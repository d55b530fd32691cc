"""What a server of held connections has to offer to be measured."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from bench.machinery import Bench, Crew

SIDES = Path(__file__).resolve().parent / "sides"
# Says a text to all clients and returns the moment just before, by the clock of `time.monotonic()`.
Publish = Callable[[str], float]


class Holder(ABC):
    """One server: how it is started, how clients come in, and how something is told to all of them.

    Attributes:
        name: its row in the table.
        note: the settings that it runs with, where they are not all defaults.
        standard: whether it is measured without being asked for.
        kind: what it holds, `stream` (server-sent events) or `socket` (WebSockets).
        path: where clients come in.
        say: the first message of a client on a WebSocket.
        until: what a client has to be sent before its connection counts as held; nothing if the server says nothing.
        plain: a path with a short JSON answer.
    """

    name: ClassVar[str]
    note: ClassVar[str] = ""
    standard: ClassVar[bool] = False
    kind: ClassVar[str]
    path: str
    say: ClassVar[str] = ""
    until: ClassVar[str] = "\r\n\r\n"
    plain: ClassVar[str] = "/plain"

    def __init__(self, bench: Bench) -> None:
        """Take part in this run."""
        self.bench = bench

    def prepare(self) -> None:  # noqa: B027 - most have nothing to prepare
        """Make what must be there before the first round, such as an environment with the server's own packages.

        Raises:
            BenchTrouble: it cannot be made.
        """

    @abstractmethod
    def start(self, server: Crew) -> int:
        """Start the server, and nothing else, in `server`; return the port once it answers."""

    @abstractmethod
    def publisher(self, helpers: Crew) -> Publish:
        """Start what publishes, a process other than the server's, in `helpers`; return what has it publish."""

    def finish(self) -> None:  # noqa: B027 - most have nothing to finish
        """Let what was started for a round come to its end by itself, where stopping it would take long."""

    def all_in(self, clients: int) -> bool:
        """Tell whether the server has so many clients; asked where its answer to them does not tell."""
        return True
