"""Few requests run at once; those that wait for something give up their slot."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from components.http.server.connections import ClientConnection
from components.http.server.shares import Shares
from components.http.server.slots import Slots, waiting
from tests.conftest import REPOSITORY, until
from tests.test_app_server import Server

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
# Requests to /gate run until the file `open` exists, and leave a file each.
GATED = f"""
exec(compile(open("{REPOSITORY}/gunicorn.conf.py").read(), "gunicorn.conf.py", "exec"))
import pathlib, time, uuid
from components.http.server.connections import ClientConnection
from components.http.server.shares import Shares
from components.http.server.slots import Slots
Slots.LONGEST_S = 3600
install = post_worker_init

def post_worker_init(worker):
    install(worker)
    inner, home = worker.wsgi.wsgi_app, pathlib.Path("HOME")

    def gate(environ, start_response):
        if environ["PATH_INFO"] == "/gate":
            (home / ("run-" + uuid.uuid4().hex)).touch()
            while not (home / "open").exists():
                time.sleep(0.01)
        return inner(environ, start_response)

    worker.wsgi.wsgi_app = gate
"""


@pytest.fixture
def server(environ: dict[str, str], home: Path) -> Iterator[Server]:
    configuration = home / "gated.py"
    configuration.write_text(GATED.replace("HOME", str(home)))
    started = Server(environ, home, configuration)
    yield started
    (home / "open").touch()
    started.process.terminate()
    assert started.process.wait(20) == 0


def status(connection: socket.socket) -> bytes:
    return connection.recv(65536).split(b" ")[1]


def test_health_is_answered_while_all_slots_are_taken_and_other_requests_wait(
    server: Server, home: Path
) -> None:
    assert server.send(HEALTH)[0] == 200
    with ExitStack() as stack:
        clients = [stack.enter_context(server.connect()) for _ in range(6)]
        for client in clients:
            client.sendall(b"GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: len(list(home.glob("run-*"))) == 2, what="two requests that run")
        for _ in range(5):
            assert server.send(HEALTH)[2] == {"status": "alive"}
        many = HEALTH * 5
        with server.connect() as pipelining:
            pipelining.sendall(many)
            received = b""
            while received.count(b'"alive"') < 5:
                received += pipelining.recv(65536)
        assert len(list(home.glob("run-*"))) == 2
        (home / "open").touch()
        assert [status(client) for client in clients] == [b"404"] * 6


def test_no_more_requests_start_than_there_are_slots() -> None:
    slots = Slots(2, lambda: None)
    assert [slots.start(key) for key in "abc"] == [True, True, False]
    assert not slots.is_free()
    slots.finish("a")
    assert slots.is_free()
    assert slots.start("c")
    slots.finish("unknown")
    assert not slots.start("d")


def test_a_request_that_waits_gives_up_its_slot_and_gets_one_back() -> None:
    freed = threading.Event()
    slots = Slots(1, freed.set)
    events, go_on = list[str](), threading.Event()
    assert slots.start("a")

    def run() -> None:
        with slots.used_by("a"):
            with waiting():
                events.append("waits")
                go_on.wait(10)
            events.append("runs again")

    thread = threading.Thread(target=run)
    thread.start()
    assert freed.wait(10)
    until(lambda: events == ["waits"], what="the wait")
    assert slots.start("b")
    go_on.set()
    until(lambda: not slots.is_free(), what="a request that waits for a slot")
    assert not slots.start("c"), "those that come back go first"
    slots.finish("b")
    thread.join(10)
    assert events == ["waits", "runs again"]
    assert slots.is_free()


def test_a_request_that_runs_too_long_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    slots = Slots(1, lambda: None)
    assert slots.start("a")
    assert not slots.start("b")
    monkeypatch.setattr(Slots, "LONGEST_S", 0.0)
    assert slots.start("b")


class Waiting(ClientConnection):
    """A connection with a complete request."""

    def __init__(self, peer: str) -> None:
        self.peer, self.is_streamed = peer, False


def test_a_peer_without_running_requests_goes_first() -> None:
    shares = Shares(threads=16, connections=100)
    busy, also_busy, other = (Waiting(peer) for peer in ("busy", "busy", "other"))
    shares.start(Waiting("busy"))
    assert shares.next([busy, also_busy, other]) is other
    shares.start(other)
    assert shares.next([busy, also_busy]) is busy
    for _ in range(13):
        shares.start(Waiting("busy"))
    assert shares.next([busy]) is None, "seven eighths of the threads are its share"


def test_waiting_outside_a_request_does_nothing() -> None:
    with waiting():
        pass
