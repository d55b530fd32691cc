"""A relay in front of the broker that loses or delays replies on request."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable
from pathlib import Path

LOSE, HOLD = "lose", "hold"


class CuttingProxy:
    """Relays one unix socket to another.

    `rule` gets each block of a client and returns the fate of the reply: None forwards it, LOSE drops it and
    closes the connection after the broker has run the command, HOLD delays it until `let_go` is set.
    `fate_of_wait` is the same for the reply to a BLMOVE in progress.
    """

    def __init__(self, path: Path, broker: Path) -> None:
        self.path = path
        self.rule: Callable[[bytes], str | None] = lambda block: None
        self.fate_of_wait: str | None = None
        self.lost = 0
        self.holding = threading.Event()
        self.let_go = threading.Event()
        self._broker = broker
        self._closing = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """The URL for clients, instead of that of the broker."""
        return f"unix://{self.path}"

    def close(self) -> None:
        """Close all connections and stop."""
        self._closing = True
        self.let_go.set()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing:
            if select.select([self._listener], [], [], 0.05)[0]:
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._relay, args=(client,))
                self._threads.append(thread)
                thread.start()

    def _relay(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.socket(socket.AF_UNIX) as broker:
            broker.connect(str(self._broker))
            fate: str | None = None
            waits = False
            while not self._closing:
                ready, _, _ = select.select([client, broker], [], [], 0.05)
                for source in ready:
                    block = source.recv(1 << 16)
                    if not block:
                        return
                    if source is client:
                        fate = fate or self.rule(block)
                        waits = b"BLMOVE" in block
                        broker.sendall(block)
                    else:
                        if waits and self.fate_of_wait:
                            fate, self.fate_of_wait = self.fate_of_wait, None
                        if fate == LOSE:
                            self.lost += 1
                            return
                        if fate == HOLD:
                            self.holding.set()
                            self.let_go.wait(30)
                        fate = None
                        client.sendall(block)


class Once:
    """A rule that applies to the nth block that contains all of some words."""

    def __init__(self, what: str, *words: str, nth: int = 1) -> None:
        self._what = what
        self._words = [word.encode() for word in words]
        self._left = nth

    def __call__(self, block: bytes) -> str | None:
        if not all(word in block for word in self._words):
            return None
        self._left -= 1
        return self._what if self._left == 0 else None
