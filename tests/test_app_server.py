"""The application in gunicorn, over real sockets."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Stopwatch, until
from tests.forked import start_python

CONFIGURATION = Path("gunicorn.conf.py")
RUN_WEB = "from gunicorn.app.wsgiapp import run; run()"


class Server:
    """gunicorn on a free port; with one web process, whose limits are those of the server."""

    def __init__(
        self, environ: dict[str, str], home: Path, configuration: Path = CONFIGURATION
    ) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = home / "web.log"
        with self.log.open("wb") as sink:
            self.process = start_python(
                "-c",
                RUN_WEB,
                "-c",
                str(configuration),
                environ={"WEB_PROCESSES": "1"}
                | environ
                | {"PORT": str(self.port), "HOME": str(home)},
                output=sink,
            )
        until(
            lambda: self.answers() or self.process.poll() is not None,
            seconds=20,
            what="a server that answers",
        )

    def answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def send(self, data: bytes) -> tuple[int, str, dict[str, object]]:
        """Send raw bytes; return the status, the media type and the JSON of the response."""
        with self.connect() as connection:
            connection.sendall(data)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return response.status, response.headers["Content-Type"], json.loads(response.read())


@pytest.fixture
def server(environ: dict[str, str], home: Path) -> Iterator[Server]:
    started = Server(environ, home)
    yield started
    started.process.kill()
    started.process.wait()


def test_gunicorn_serves_the_application_and_ends_on_a_signal(server: Server, home: Path) -> None:
    assert server.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")[2] == {
        "status": "alive"
    }
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(10) == 0
    assert "GET /healthz 200" in server.log.read_text()
    assert not (home / ".gunicorn").exists()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: " + b"a" * 100_000 + b"\r\n\r\n", 431),
        (
            b"GET / HTTP/1.1\r\nHost: localhost\r\n"
            + b"".join(b"X-%d: a\r\n" % n for n in range(10_000))
            + b"\r\n",
            431,
        ),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nBad Name: <script>\r\n\r\n", 400),
        (b"<script>alert(1)</script>\r\n\r\n", 400),
    ],
)
def test_a_malformed_request_gets_a_problem_document(
    server: Server, data: bytes, status: int
) -> None:
    got, media_type, problem = server.send(data)
    assert (got, media_type) == (status, "application/problem+json")
    assert problem["status"] == status
    assert "script" not in json.dumps(problem)


def test_large_bodies_are_refused_with_and_without_a_length(server: Server) -> None:
    head = (
        b"POST /artboard/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    )
    reply = server.send(head + b"Content-Length: 10000000000\r\n\r\n{")
    assert (reply[0], reply[2]["type"]) == (413, "/problems/payload-too-large")
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    untold = server.send(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 17 + b"0\r\n\r\n")
    assert (untold[0], untold[2]["type"]) == (413, "/problems/payload-too-large")
    small = b'{"width": 60, "height": 60, "complexity": "simple"}'
    fine = server.send(
        head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(small), small)
    )
    assert fine[0] == 200


def test_stalled_requests_do_not_keep_others_waiting(server: Server) -> None:
    stalled = [server.connect() for _ in range(20)]
    for connection in stalled:
        connection.sendall(
            b"POST /artboard/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
    began = Stopwatch()
    assert server.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")[0] == 200
    assert began.seconds() < 2
    for connection in stalled:
        connection.close()


def test_silent_clients_are_disconnected(environ: dict[str, str], home: Path) -> None:
    """More stalled requests than there are threads, half of them in the head and half in the body."""
    server = Server(environ | {"WEB_THREADS": "2"}, home)
    try:
        halves = (
            b"POST /artboard/cre",
            b"POST /artboard/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
        )
        stalled = [server.connect() for _ in halves]
        for connection, half in zip(stalled, halves, strict=True):
            connection.sendall(half)
        with server.connect() as patient:
            patient.settimeout(20)
            patient.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert patient.recv(100).startswith(b"HTTP/1.1 200")
        until(lambda: "Client stalled" in server.log.read_text(), what="a line in the log")
        assert "Traceback" not in server.log.read_text()
    finally:
        server.process.kill()
        server.process.wait()
        for connection in stalled:
            connection.close()


def test_no_request_can_inject_log_lines(server: Server) -> None:
    server.send(b"GET /%0aforged%1b[2J HTTP/1.1\r\nHost: localhost\r\n\r\n")
    until(lambda: "forged" in server.log.read_text(), what="a line in the log")
    (line,) = [one for one in server.log.read_text().splitlines() if "forged" in one]
    assert "GET /\\nforged\\x1b[2J 404" in line


def test_invalid_settings_stop_the_start_with_one_message(environ: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app:create_app()"],
        env=environ | {"PORT": "many", "WORKERS": "0"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "PORT" in done.stderr
    assert "WORKERS" in done.stderr
    assert "Traceback" not in done.stderr
