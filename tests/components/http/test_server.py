"""Slow, silent and malformed clients of the web process, over real sockets."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from components.http.server import sockets
from components.http.server.peers import peer_of
from components.http.server.sockets import ClientSocket, ClientStalled
from tests.conftest import Stopwatch, until
from tests.test_app_server import Server

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
PAPERS = b"GET /papers HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /artboard/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
SMALL = b'{"width": 60, "height": 60, "complexity": "simple"}'
# Bodies that arrive in the main loop, in a thread because of their length, and in a thread in chunks.
UNFINISHED = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Half: ",
    POST + b"Content-Length: 1000\r\n\r\n{",
    POST + b"Content-Length: 900000\r\n\r\n{",
    POST + b"Transfer-Encoding: chunked\r\n\r\n400\r\n{",
)


@pytest.fixture
def server(environ: dict[str, str], home: Path) -> Iterator[Server]:
    started = Server(environ | {"WEB_THREADS": "16"}, home)
    yield started
    started.process.kill()
    started.process.wait()


def replies(connection: socket.socket, number: int) -> list[tuple[int, str, bytes]]:
    """The next responses on a connection: status, `Connection` header and body."""
    found = []
    with connection.makefile("rb") as stream:
        for _ in range(number):
            status = int(stream.readline().split()[1])
            headers = http.client.parse_headers(stream)
            body = stream.read(int(headers["Content-Length"]))
            found.append((status, headers["Connection"], body))
    return found


def test_unfinished_requests_of_one_client_delay_neither_probes_nor_requests(
    server: Server,
) -> None:
    with ExitStack() as stack:
        for number in range(100):
            stalled = stack.enter_context(server.connect())
            stalled.sendall(UNFINISHED[number % len(UNFINISHED)])
        for data in (HEALTH, PAPERS, POST + b"Content-Length: %d\r\n\r\n" % len(SMALL) + SMALL):
            stopwatch = Stopwatch()
            assert server.send(data)[0] == 200
            assert stopwatch.seconds() < 5


def test_a_request_must_arrive_within_a_deadline_however_steadily_it_drips(
    server: Server,
) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(server.connect()) for _ in UNFINISHED]
        for connection, start in zip(connections, UNFINISHED, strict=True):
            connection.sendall(start)
            connection.settimeout(60)
        ended = threading.Event()

        def drip() -> None:
            while not ended.wait(0.2):
                for connection in connections:
                    with contextlib.suppress(OSError):
                        connection.sendall(b" ")

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            found = [replies(connection, 1)[0] for connection in connections]
        finally:
            ended.set()
            dripping.join()
    for status, announced, body in found:
        assert (status, announced) == (408, "close")
        assert json.loads(body)["type"] == "/problems/request-timeout"
    assert "Traceback" not in server.log.read_text()


def test_a_client_with_too_many_connections_loses_its_oldest_idle_one(server: Server) -> None:
    with ExitStack() as stack:
        opened = [stack.enter_context(server.connect()) for _ in range(510)]
        assert server.send(HEALTH)[0] == 200
        opened[0].settimeout(5)
        assert opened[0].recv(1) == b""


def test_malformed_chunks_are_bad_requests(server: Server) -> None:
    for size in (b"0x2", b"1_0", b"-1", b"", b"2 2", b"ffffffffffffffffffffg"):
        with server.connect() as connection:
            chunks = size + b"\r\n{}\r\n0\r\n\r\n"
            connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
            ((status, announced, body),) = replies(connection, 1)
        assert (size, status, announced) == (size, 400, "close")
        assert json.loads(body)["type"] == "/problems/bad-request"
    assert "Traceback" not in server.log.read_text()


def test_malformed_headers_are_bad_requests_before_the_body_arrives(server: Server) -> None:
    for header in (
        b"Content-Length: +1",
        b"Content-Length: 1_0",
        b"Content-Length: 1\r\nContent-Length: 2",
        b"Content-Length: 2\r\nContent-Length: 2",
        b"Content-Length: 2, 2",
        b"Transfer-Encoding: chunked\r\nContent-Length: 2",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: gzip",
        b"Content-Length: 2\r\nHost: localhost",
        b"Content-Length: 2\r\nNo colon",
        b"Content-Length: 2\r\nX-Null: \x00",
        b"Content-Length: 2\r\nX-Folded: a\r\n b",
        b"Content-Length: 2\r\nX-Line: a\nb: c",
        b"Content-Length: 2\r\nContent-Type: text/plain",
    ):
        status, _, problem = server.send(POST + header + b"\r\n\r\n")
        assert (header, status, problem["type"]) == (header, 400, "/problems/bad-request")


def test_a_request_without_a_host_is_refused_and_the_host_of_the_target_counts(
    server: Server,
) -> None:
    for head, status in (
        (b"GET /healthz HTTP/1.1\r\n", 400),
        (b"POST /artboard/create HTTP/1.1\r\nContent-Length: 2\r\n", 400),
        (b"GET /healthz HTTP/1.0\r\n", 200),
        (b"GET http://localhost/healthz HTTP/1.1\r\nHost: foreign.example\r\n", 200),
        (b"GET http://foreign.example/healthz HTTP/1.1\r\nHost: localhost\r\n", 421),
    ):
        assert (head, server.send(head + b"\r\n")[0]) == (head, status)


def test_each_response_has_one_date(server: Server) -> None:
    for target, status in ((b"/healthz", 200), (b"/patterns", 200), (b"/#part", 400)):
        with server.connect() as connection:
            connection.sendall(HEALTH.replace(b"/healthz", target))
            response = http.client.HTTPResponse(connection)
            response.begin()
            dates = response.headers.get_all("Date", [])
        assert (target, response.status, len(dates)) == (target, status, 1)
        assert parsedate_to_datetime(dates[0])


def test_a_line_without_a_carriage_return_is_a_bad_request(server: Server) -> None:
    assert server.send(b"GET /healthz HTTP/1.1\nHost: localhost\n\n")[0] == 400


def test_headers_cannot_move_the_service(server: Server) -> None:
    for header in (
        b"SCRIPT_NAME: /evil",
        b"PATH_INFO: /queue",
        b"REMOTE_USER: admin",
        b"X-Forwarded-Proto: https\r\nX-Forwarded-SSL: off",
    ):
        data = HEALTH.removesuffix(b"\r\n") + header + b"\r\n\r\n"
        assert server.send(data)[2] == {"status": "alive"}


def test_a_refused_body_is_drained_or_the_connection_announces_its_end(server: Server) -> None:
    wrong_type = POST.replace(b"application/json", b"text/plain")
    with server.connect() as connection:
        connection.sendall(wrong_type + b"Content-Length: 20000\r\n\r\n" + b"x" * 20_000 + HEALTH)
        assert [(one, how) for one, how, _ in replies(connection, 2)] == [
            (415, "keep-alive"),
            (200, "keep-alive"),
        ]
    for framing in (b"Content-Length: 1000100", b"Transfer-Encoding: chunked"):
        with server.connect() as connection:
            connection.sendall(wrong_type + framing + b"\r\n\r\n")
            assert [(one, how) for one, how, _ in replies(connection, 1)] == [(415, "close")]


def test_a_refused_client_gets_the_response_though_it_sends_on(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(POST + b"Content-Length: 8000000\r\n\r\n")
        connection.sendall(b"x" * 8_000_000)
        assert [(one, how) for one, how, _ in replies(connection, 1)] == [(413, "close")]


def test_pipelined_requests_and_interim_responses_work(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(HEALTH + PAPERS + HEALTH[:20])
        assert [status for status, _, _ in replies(connection, 2)] == [200, 200]
        connection.sendall(HEALTH[20:])
        assert [status for status, _, _ in replies(connection, 1)] == [200]
        expecting = POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(SMALL)
        connection.sendall(expecting)
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(SMALL)
        assert [status for status, _, _ in replies(connection, 1)] == [200]


def test_the_server_compresses_texts(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(PAPERS.removesuffix(b"\r\n") + b"Accept-Encoding: gzip\r\n\r\n")
        ((status, _, packed),) = replies(connection, 1)
        connection.sendall(PAPERS)
        ((_, _, plain),) = replies(connection, 1)
    assert status == 200
    assert gzip.decompress(packed) == plain


def test_a_body_may_arrive_in_pieces(server: Server) -> None:
    long = SMALL.replace(b"{", b"{" + b" " * 400_000)
    for body, framed in (
        (SMALL, b"%s"),
        (long, b"%s"),
        (b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMALL), SMALL), b"Transfer-Encoding: chunked\r\n\r\n%s"),
    ):
        head = b"Content-Length: %d\r\n\r\n" % len(body) if framed == b"%s" else b""
        whole = POST + head + framed % body
        with server.connect() as connection:
            for start in range(0, len(whole), max(1, len(whole) // 7)):
                connection.sendall(whole[start : start + max(1, len(whole) // 7)])
                time.sleep(0.02)
            assert [status for status, _, _ in replies(connection, 1)] == [200]


def test_a_client_must_read_at_a_minimum_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "GRACE_S", 0.3)
    ours, theirs = socket.socketpair()
    with theirs:
        sending = ClientSocket(ours)
        sending.setblocking(True)
        ended = threading.Event()

        def sip() -> None:
            while not ended.wait(0.05):
                theirs.recv(1)

        sipping = threading.Thread(target=sip)
        sipping.start()
        with sending, pytest.raises(ClientStalled):
            sending.sendall(b"x" * 50_000_000)
        ended.set()
        sipping.join()


def test_a_fast_client_is_not_limited() -> None:
    ours, theirs = socket.socketpair()
    received: list[int] = []

    def read() -> None:
        while data := theirs.recv(1 << 16):
            received.append(len(data))

    reading = threading.Thread(target=read)
    reading.start()
    with ClientSocket(ours) as sending:
        sending.setblocking(True)
        sending.sendall(b"x" * 3_000_000)
    reading.join()
    theirs.close()
    assert sum(received) == 3_000_000


def test_an_ipv6_network_is_one_peer() -> None:
    assert peer_of("2001:db8::1") == peer_of("2001:db8::ffff")
    assert peer_of("2001:db8:0:1::1") != peer_of("2001:db8::1")
    assert peer_of("::ffff:192.0.2.1") == peer_of("192.0.2.1") == "192.0.2.1"
    assert peer_of("") == ""


def test_the_log_names_no_traceback_for_a_client_that_leaves(server: Server) -> None:
    for start in UNFINISHED:
        with server.connect() as connection:
            connection.sendall(start)
    with server.connect() as connection:
        connection.sendall(PAPERS)
    until(lambda: "GET /papers" in server.log.read_text(), what="the last request in the log")
    assert "Traceback" not in server.log.read_text()
