"""A web process that uses too much memory is replaced while clients use it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import pytest
from redis import Redis
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from components.http.server.memory import MemoryWatch
from libraries.broker.embedded import EmbeddedBroker
from tests.conftest import REPOSITORY, WorkerProcess, until
from tests.faults.crowd import Readers
from tests.faults.fleet import children
from tests.faults.load import Request, steady_load
from tests.faults.trail import queue
from tests.test_app_server import Server

LINES, READERS, REPLACEMENTS = 200, 5, 2
# Each process exceeds the ceiling at once.
RECYCLED = f"""
from components.http.server.memory import MemoryWatch
MemoryWatch.MIN_GROWTH = 0.0
exec(compile(open("{REPOSITORY}/gunicorn.conf.py").read(), "gunicorn.conf.py", "exec"))
"""


@pytest.fixture
def server(broker: EmbeddedBroker, environ: dict[str, str], home: Path) -> Iterator[Server]:
    configuration = home / "recycled.py"
    configuration.write_text(RECYCLED)
    started = Server(
        environ | {"LOG_LEVEL": "WARNING", "WEB_RECYCLE_MEMORY": "1MB"}, home, configuration
    )
    yield started
    started.process.terminate()
    assert started.process.wait(20) == 0


class Clients:
    """Threads that poll a job, wait for it, and hold a WebSocket, until `stop` is set."""

    def __init__(self, port: int, job: str) -> None:
        self.stop = threading.Event()
        self.statuses: list[int] = []
        self.waited: list[int] = []
        self.codes: list[int] = []
        self._port, self._job = port, job
        self._pool = ThreadPoolExecutor(3)
        self.calls = [self._pool.submit(call) for call in (self._poll, self._wait, self._hold)]

    def _poll(self) -> None:
        while not self.stop.is_set():
            part = steady_load(
                self._port, lambda _, __: Request("GET", f"/jobs/{self._job}"), rate=20, seconds=1
            )
            self.statuses += part.statuses.elements()

    def _wait(self) -> None:
        while not self.stop.is_set():
            with contextlib.closing(HTTPConnection("127.0.0.1", self._port, timeout=60)) as line:
                line.request("GET", f"/jobs/{self._job}?wait=50")
                response = line.getresponse()
                response.read()
                self.waited.append(response.status)
            self.stop.wait(0.1)

    def _hold(self) -> None:
        address = f"ws://127.0.0.1:{self._port}/ws/background_jobs"
        while not self.stop.is_set():
            # A process that is about to stop refuses a handshake on a connection that it accepted.
            with (
                contextlib.suppress(TimeoutError, InvalidStatus),
                connect(address, proxy=None) as opened,
            ):
                opened.recv(10)
                with pytest.raises(ConnectionClosed) as closed:
                    opened.recv(20)
                self.codes.append(closed.value.rcvd.code if closed.value.rcvd else 0)

    def close(self) -> None:
        """Raise the error of a client, if there was one."""
        self.stop.set()
        self._pool.shutdown()
        for call in self.calls:
            call.result()


@pytest.mark.fault
@pytest.mark.usefixtures("probe_tasks")
def test_clients_lose_nothing_while_web_processes_are_replaced(
    server: Server, client: Redis, start_worker: Callable[[], WorkerProcess], home: Path
) -> None:
    gate = home / "gate"
    job = queue(client, "live_tasks.log_lines", str(gate), LINES, 0.05)
    start_worker()
    seen = set[int]()

    def replaced() -> bool:
        seen.update(children(server.process.pid))
        return len(seen) > REPLACEMENTS

    def clients_noticed() -> bool:
        return len(clients.waited) > 1 and bool(clients.codes)

    with Readers(server.port, job, READERS) as readers:
        until(lambda: readers.back_since(0), what="the streams")
        clients = Clients(server.port, job)
        try:
            gate.touch()
            until(lambda: replaced() and clients_noticed(), seconds=60, what="replacements")
        finally:
            clients.close()
        until(lambda: readers.over, seconds=60, what="the end of the streams")
    assert set(clients.statuses) == {200}
    assert set(clients.waited) == {200}
    assert set(clients.codes) == {1001}
    for reader in readers.all:
        assert [data["message"] for _, name, data in reader.events if name == "log"] == [
            f"line {n}" for n in range(1, LINES + 1)
        ]
        assert reader.connections > 1
    assert "a new one replaces it" in server.log.read_text()


def test_the_ceiling_applies_to_memory_that_the_process_has_gained() -> None:
    watch = MemoryWatch(1)
    assert not watch.is_exceeded(10.0)
    assert watch.used > 0
    gained = bytearray(watch.used)
    gained[::4096] = b"x" * len(gained[::4096])
    assert not watch.is_exceeded(10.5), "checked once a second"
    assert watch.is_exceeded(11.1)
    watch.ceiling = 0
    assert not watch.is_exceeded(12.2)
