"""Requests that repeat an earlier one byte for byte, which one thread answers from their bytes."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest
from gunicorn.config import Config
from werkzeug.test import Client

from app import create_app
from components.http.server.connections import ClientConnection
from components.http.server.lane import RepeatLane
from components.http.server.repeated import Reply, repeated_requests
from components.http.server.sockets import ClientSocket
from libraries.broker.embedded import EmbeddedBroker
from libraries.job_manager import delete_job, enqueue_background_job
from libraries.settings import Settings
from tests.test_app_server import Server

NOTHING = "workers.probe_tasks.nothing"
RunJobs = Callable[[], None]

pytestmark = pytest.mark.usefixtures("probe_tasks")


class Lane:
    """A lane in this process, with one client, and the connections that it has served or not."""

    def __init__(self, settings: Settings, path: str) -> None:
        app = create_app(settings)
        self.served: SimpleQueue[list[tuple[ClientConnection, bytes]]] = SimpleQueue()
        self.missed: SimpleQueue[list[ClientConnection]] = SimpleQueue()
        self.repeated = repeated_requests(app)
        self.lane = RepeatLane(self.repeated, self.served.put, self.missed.put)
        self.client, accepted = socket.socketpair()
        self.conn = ClientConnection(Config(), accepted, ("127.0.0.1", 1), None)
        self.sock = self.conn.client_socket
        for _ in range(3):
            Client(app).get(path, environ_overrides={"gunicorn.socket": self.sock}, buffered=True)
        assert isinstance(self.sock.reply, Reply)
        self.reply = self.sock.reply

    def response(self) -> bytes:
        """A response of the application as a server sends it."""
        head = f"HTTP/1.1 200 OK\r\nX-Request-ID: first\r\nContent-Length: {len(self.reply.body)}"
        return head.encode() + b"\r\nDate: then\r\n\r\n" + self.reply.body

    def learn(self, head: bytes, response: bytes | None = None) -> None:
        """Teach the lane the response to a request that a thread has served."""
        self.conn.request = head
        self.lane.learn(self.conn, self.reply, response or self.response())

    def take(self, head: bytes) -> bool:
        self.conn.forget_request()
        assert self.conn.feed(head)
        return self.lane.take(self.conn)


@pytest.fixture
def finished(broker: EmbeddedBroker, run_jobs: RunJobs) -> str:
    """The path of a finished job."""
    job_id = enqueue_background_job(NOTHING).id
    run_jobs()
    return f"/jobs/{job_id}"


@pytest.fixture
def lane(settings: Settings, finished: str) -> Iterator[Lane]:
    made = Lane(settings, finished)
    yield made
    made.client.close()
    made.sock.close()


def request_of(path: str, *headers: str) -> bytes:
    lines = (f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", "")
    return "\r\n".join(lines).encode()


def test_the_same_bytes_get_the_same_response_with_its_own_id_and_time(
    lane: Lane, finished: str
) -> None:
    head = request_of(finished)
    assert not lane.take(head)
    lane.learn(head)
    ids = set()
    for _ in range(3):
        assert lane.take(head)
        assert lane.served.get(timeout=10) == [(lane.conn, b"")]
        received = lane.client.recv(1 << 16)
        before, _, after = lane.response().partition(b"X-Request-ID: first\r\n")
        assert received.startswith(before)
        lines = received.removeprefix(before).split(b"\r\n", 1)
        ids.add(lines[0])
        rest, _, body = after.partition(b"Date: then")
        assert lines[1].startswith(rest + b"Date: ")
        assert lines[1].endswith(body)
    assert len(ids) == 3


def test_other_bytes_and_requests_with_an_id_go_the_usual_way(lane: Lane, finished: str) -> None:
    named = request_of(finished, "x-request-id: mine")
    for head in (request_of(finished), named):
        lane.learn(head)
    assert lane.take(request_of(finished))
    assert not lane.take(named)
    assert not lane.take(request_of(finished, "Accept: */*"))
    assert not lane.take(request_of(finished) + request_of(finished))
    assert not lane.take(request_of(finished).replace(b"GET", b"HEAD"))
    lane.conn.peer = "127.0.0.2"
    assert not lane.take(request_of(finished)), "limits may apply to each address"


def test_a_request_whose_response_may_have_changed_is_passed_on(lane: Lane, finished: str) -> None:
    head = request_of(finished)
    lane.learn(head)
    delete_job(finished.rpartition("/")[2])
    assert lane.take(head)
    assert lane.missed.get(timeout=10) == [lane.conn]
    assert lane.served.empty()


def test_an_error_in_the_lane_passes_the_request_on(lane: Lane, finished: str) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no more numbers")

    head, observe = request_of(finished), lane.repeated.observe
    lane.learn(head)
    lane.repeated.observe = fail
    assert lane.take(head)
    assert lane.missed.get(timeout=10) == [lane.conn]
    lane.repeated.observe = observe
    assert lane.take(head)
    assert lane.served.get(timeout=10) == [(lane.conn, b"")]


def test_a_response_with_another_body_is_not_remembered(lane: Lane, finished: str) -> None:
    head = request_of(finished)
    lane.learn(head, lane.response() + b"x")
    assert not lane.take(head)


def test_the_rest_of_a_response_that_the_client_does_not_read_is_returned() -> None:
    client, accepted = socket.socketpair()
    sender, data = ClientSocket(accepted), bytes(range(256)) * 8192
    sender.setblocking(False)
    rest = sender.send_at_once(data)
    assert 0 < len(rest) < len(data)
    client.setblocking(False)
    received = b""
    while len(received) < len(data) - len(rest):
        received += client.recv(1 << 16)
    assert received + rest == data
    sender.close()
    client.close()


def test_a_web_process_answers_repeated_polls_and_notices_a_deletion(
    environ: dict[str, str], home: Path, finished: str
) -> None:
    server = Server(environ, home)
    try:
        with server.connect() as connection, connection.makefile("rb") as stream:
            found = []
            for _ in range(6):
                connection.sendall(request_of(finished))
                head = [line for line in iter(stream.readline, b"\r\n") if line]
                named = dict(line.decode().strip().split(": ", 1) for line in head[1:])
                body = stream.read(int(named["Content-Length"]))
                found.append((head[0], named.pop("X-Request-ID"), named.pop("Date"), named, body))
            assert len({identity for _, identity, _, _, _ in found}) == 6
            assert all(one[0] == found[0][0] and one[3:] == found[0][3:] for one in found)
            delete_job(finished.rpartition("/")[2])
            connection.sendall(request_of(finished))
            assert b" 410 " in stream.readline()
        lines = [line for line in server.log.read_text().splitlines() if f"GET {finished}" in line]
        assert [line.split()[5] for line in lines] == ["200"] * 6 + ["410"]
    finally:
        server.process.kill()
        server.process.wait()
