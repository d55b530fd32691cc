"""L4, L5: many long-lived connections. At full length in `python -m tests.faults.soak --only L4`."""

from __future__ import annotations

import http.client
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from libraries.broker.embedded import EmbeddedBroker
from tests.conftest import WorkerProcess, until
from tests.faults.crowd import Readers, Sockets
from tests.faults.load import Request, steady_load
from tests.faults.soak import resident, web_process
from tests.faults.trail import queue, report
from tests.test_app_server import Server

pytestmark = [pytest.mark.fault, pytest.mark.usefixtures("probe_tasks")]
HELD, LINES = 100, 250


@pytest.fixture
def server(broker: EmbeddedBroker, environ: dict[str, str], home: Path) -> Iterator[Server]:
    started = Server(environ | {"LOG_LEVEL": "WARNING", "MAX_STREAMS": str(HELD)}, home)
    assert started.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")[0] == 200
    yield started
    started.process.terminate()
    assert started.process.wait(10) == 0


def get(port: int, path: str) -> tuple[int, str | None, Any]:
    """Return the status, `Retry-After` and the JSON of a response."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    found = response.status, response.headers["Retry-After"], json.loads(response.read())
    connection.close()
    return found


def test_with_a_hundred_sockets_requests_are_answered_and_the_next_socket_is_rejected(
    server: Server, client: Redis
) -> None:
    """L4."""
    ids = [queue(client, "probe_tasks.nothing") for _ in range(100)]
    with Sockets(server.port, HELD) as sockets:
        status, retry_after, problem = get(server.port, f"/jobs/{ids[0]}/events")
        assert (status, retry_after, problem["type"]) == (503, "5", "/problems/too-many-streams")
        with pytest.raises(InvalidStatus) as refused:
            connect(f"ws://127.0.0.1:{server.port}/ws/background_jobs", proxy=None, legacy=True)
        assert refused.value.response.status_code == 503
        measured = steady_load(
            server.port, lambda n, _: Request("GET", f"/jobs/{ids[n % 100]}"), rate=50, seconds=6
        )
        memory = resident(web_process(server.process.pid))
        report(
            f"{measured.summary}; {sockets.alive} sockets alive, {sockets.replies} replies; {memory:.0f} MB"
        )
        assert (sockets.alive, sockets.lost) == (HELD, [])
        assert sockets.replies > 3 * HELD
        assert measured.statuses == {200: 300}

    def room() -> bool:
        try:
            with connect(f"ws://127.0.0.1:{server.port}/ws/background_jobs", proxy=None) as opened:
                return "Connected" in str(opened.recv(5))
        except InvalidStatus:
            return False

    until(room, what="room for another")


def test_a_hundred_interrupted_streams_reconnect_and_miss_no_event(
    server: Server, client: Redis, start_worker: Callable[[], WorkerProcess], home: Path
) -> None:
    """L5."""
    gate = home / "gate"
    job = queue(client, "live_tasks.log_lines", str(gate), LINES, 0.012)
    start_worker()
    with Readers(server.port, job, HELD) as readers:
        until(lambda: readers.back_since(0), what="a hundred streams")
        gate.touch()
        back = []
        for share in (0.1, 0.4, 0.7):
            until(
                lambda share=share: all(len(one.events) > share * LINES for one in readers.all),  # type: ignore[misc]
                what="lines",
            )
            cut = readers.cut()
            until(
                lambda cut=cut: readers.back_since(cut),  # type: ignore[misc]
                seconds=10,
                what="a hundred streams again",
            )
            back.append(time.monotonic() - cut)
        until(lambda: readers.over, seconds=20, what="the end of all streams")
    report(f"all back after {', '.join(f'{seconds:.2f} s' for seconds in back)}")
    for reader in readers.all:
        orders = [tuple(map(int, event_id.split("-"))) for event_id, _, _ in reader.events]
        assert orders == sorted(set(orders))
        assert [data["message"] for _, name, data in reader.events if name == "log"] == [
            f"line {n}" for n in range(1, LINES + 1)
        ]
        assert reader.events[-1][1] == "finished"
    assert (
        len(
            {
                json.dumps([event_id for event_id, _, _ in reader.events][-LINES:])
                for reader in readers.all
            }
        )
        == 1
    )


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address")
def test_one_address_cannot_keep_all_places_from_another(server: Server) -> None:
    handshake = (
        b"GET /ws/background_jobs HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )

    def opened(address: str) -> tuple[socket.socket, bytes]:
        connection = socket.create_connection(
            ("127.0.0.1", server.port), timeout=10, source_address=(address, 0)
        )
        connection.sendall(handshake)
        return connection, connection.recv(12)

    with ExitStack() as stack:
        for number in range(HELD + 2):
            connection, status = opened("127.0.0.1")
            stack.enter_context(connection)
            assert status == (b"HTTP/1.1 101" if number < HELD else b"HTTP/1.1 503")
        for _ in range(HELD // 2):
            connection, status = opened("127.0.0.2")
            stack.enter_context(connection)
            assert status == b"HTTP/1.1 101"
        connection, status = opened("127.0.0.2")
        connection.close()
        assert status == b"HTTP/1.1 503"
