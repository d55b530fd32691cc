"""The broker that all tests of a process share."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NoReturn

from redis import Redis

from libraries.broker.embedded import EmbeddedBroker
from libraries.broker.paths import socket_path
from libraries.settings import Settings

# Tests that need another configuration use a private broker.
DENIED = ("-config|set", "-config|rewrite", "-shutdown", "-debug")


class SharedBroker:
    """The embedded broker, shared by the tests of a process and emptied before each test.

    Tests that stop, kill or reconfigure a broker use the fixture `private_broker`.
    """

    def __init__(self, settings: Settings) -> None:
        self._server = EmbeddedBroker(settings)
        self._path = socket_path(settings.broker.data_dir)
        self._admin = Redis(unix_socket_path=str(self._path), socket_timeout=5)
        assert self._server.keep()
        self._start()

    def _start(self) -> None:
        self._server.start()
        self._admin.execute_command("ACL", "SETUSER", "default", *DENIED)  # type: ignore[no-untyped-call]

    def lend(self, data_dir: Path) -> None:
        """Empty it and make it the broker of `data_dir`."""
        if not self._server.alive():
            self._start()
        self._admin.flushall()
        link = socket_path(data_dir)
        link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        link.symlink_to(self._path)

    def still_waiting(self, seconds: float = 5.0) -> list[str]:
        """Return the clients that still subscribe or block after `seconds`."""
        deadline = time.monotonic() + seconds
        while found := self._waiting():
            if time.monotonic() > deadline:
                return found
            time.sleep(0.01)
        return []

    def _waiting(self) -> list[str]:
        clients: list[dict[str, str]] = self._admin.client_list()
        return [
            f"{one['cmd']}, flags {one['flags']}" for one in clients if set(one["flags"]) & {*"Pb"}
        ]

    def close(self) -> None:
        self._admin.close()
        self._server.stop()

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"all tests share this broker: for `{name}` use the fixture private_broker"
        )
