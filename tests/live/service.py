"""Processes of the service, and clients that follow jobs."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sseclient import Event, SSEClient
from websockets.sync.client import ClientConnection, connect

from tests.conftest import PROBES, REPOSITORY, WorkerProcess, environ_in, until
from tests.forked import start_python
from tests.journeys.conftest import free_port

# With the tasks of tests/probes, a shorter heartbeat interval, and a poll interval of 1 s instead of 5 s.
SILENCE = 0.5
RUN_WEB = """
import sys, workers, libraries.live.hub as hub, libraries.job_manager.events as events
workers.__path__.append(sys.argv.pop(1))
hub.HEARTBEAT_AFTER_S = float(sys.argv.pop(1))
events.POLL_S = 1.0
from gunicorn.app.wsgiapp import run
run()
"""


@dataclass(frozen=True)
class Reply:
    """An HTTP response; `body` is parsed if it is JSON."""

    status: int
    headers: http.client.HTTPMessage
    body: Any
    seconds: float


class Web:
    """A real web process on a free port."""

    def __init__(
        self,
        environ: dict[str, str],
        log: Path,
        *,
        silence: float = SILENCE,
        key: str = "",
        sources: Path = REPOSITORY,
    ) -> None:
        self.port = int(environ.get("PORT") or free_port())
        self.log = log
        self.key = key
        environ = {"LOG_LEVEL": "WARNING"} | environ | {"PORT": str(self.port)}
        with log.open("wb") as sink:
            self.process = start_python(
                "-c",
                RUN_WEB,
                str(PROBES),
                str(silence),
                "-c",
                "gunicorn.conf.py",
                environ=environ,
                output=sink,
                folder=sources,
                forked=sources == REPOSITORY,
            )

    def wait_until_ready(self) -> Web:
        """Wait until the process answers."""

        def is_ready() -> bool:
            try:
                return self.request("GET", "/healthz").status == 200
            except OSError:
                return False

        until(
            lambda: self.process.poll() is not None or is_ready(),
            seconds=30,
            what="a web process that answers",
        )
        assert self.process.poll() is None, self.log.read_text()
        return self

    @property
    def pid(self) -> int:
        """The id of the process that holds the connections."""
        return int(
            Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
            .read_text()
            .split()[0]
        )

    def headers(self, more: dict[str, str] | None = None) -> dict[str, str]:
        """Return the headers of a client, including its key."""
        return ({"X-API-Key": self.key} if self.key else {}) | (more or {})

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        timeout: float = 20,
    ) -> Reply:
        """Send a request on a new connection."""
        requested_at = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            data = json.dumps(body) if body is not None else None
            connection.request(
                method,
                path,
                data,
                self.headers(headers) | ({"Content-Type": "application/json"} if data else {}),
            )
            response = connection.getresponse()
            content: Any = response.read()
        finally:
            connection.close()
        if "json" in response.headers.get("Content-Type", ""):
            content = json.loads(content)
        return Reply(response.status, response.headers, content, time.monotonic() - requested_at)

    def submit(self, task: str, *args: Any, **options: Any) -> str:
        """Submit a task of the probes; return the id of the job."""
        reply = self.request(
            "POST", "/jobs", {"task": f"workers.{task}", "args": list(args)} | options
        )
        assert reply.status == 202, reply.body
        return str(reply.body["job_id"])

    def job(self, job_id: str) -> dict[str, Any]:
        """Return the current state of a job as in events, without its arguments."""
        reply = self.request("GET", f"/jobs/{job_id}")
        assert reply.status == 200, reply.body
        return {name: value for name, value in dict(reply.body).items() if name != "arguments"}

    def wait_for(self, job_id: str, *statuses: str, seconds: float = 15) -> None:
        """Wait until a job is in one of these states, by default a final one."""

        def there() -> bool:
            job = self.job(job_id)
            return job["status"] in statuses if statuses else bool(job["done"])

        until(there, seconds=seconds, what=f"{statuses or 'the end'} of the job")

    @contextlib.contextmanager
    def stream(
        self, job_id: str, known: str = "", query: str = "", timeout: float = 15
    ) -> Iterator[Stream]:
        """Return the event stream of a job, read with `sseclient-py`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": known} if known else {})
        stream = None
        try:
            connection.request(
                "GET", f"/jobs/{job_id}/events{query}", headers=self.headers(headers)
            )
            stream = Stream(connection)
            yield stream
        finally:
            connection.close()
            if stream is not None:
                stream.response.close()

    @contextlib.contextmanager
    def socket(self, path: str = "/ws/background_jobs", **options: Any) -> Iterator[Socket]:
        """Return a WebSocket after its greeting, opened with `websockets`."""
        wanted: dict[str, Any] = {
            "additional_headers": self.headers(),
            "open_timeout": 15,
            "proxy": None,
        }
        opened: ClientConnection = connect(self.address(path), **(wanted | options))
        with opened as connection:
            opened_socket = Socket(connection)
            opened_socket.greeting = opened_socket.receive()
            yield opened_socket

    def address(self, path: str) -> str:
        """Return the address of a WebSocket."""
        return f"ws://127.0.0.1:{self.port}{path}"

    def stop(self, number: int = signal.SIGTERM, *, seconds: float = 10) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def close(self) -> None:
        """Kill the process if it still runs."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Stream:
    """An open event stream."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        assert connection.sock is not None
        self.sock: socket.socket = connection.sock
        self.response = connection.getresponse()
        self.status = self.response.status
        self._events = SSEClient(self.response).events()

    def next(self) -> StreamEvent:
        """Return the next event."""
        return StreamEvent.of(next(self._events))

    def rest(self) -> list[StreamEvent]:
        """Return all further events of the stream."""
        return [StreamEvent.of(event) for event in self._events]

    def until(self, name: str) -> list[StreamEvent]:
        """Return the next events, up to one with that name."""
        found = [self.next()]
        while found[-1].name != name:
            found.append(self.next())
        return found

    def cut(self) -> None:
        """Reset the connection in both directions."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class StreamEvent:
    """An event: its id or '', its name and its data."""

    id: str
    name: str
    data: dict[str, Any]

    @classmethod
    def of(cls, event: Event) -> StreamEvent:
        """Convert an event of the client library."""
        return cls(event.id or "", event.event, json.loads(event.data))

    @property
    def order(self) -> tuple[int, int]:
        """The sort key of the id."""
        time_part, _, number = self.id.partition("-")
        return int(time_part), int(number)


class Socket:
    """A WebSocket whose messages are JSON."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.greeting: dict[str, Any] = {}

    def send(self, message: Any) -> None:
        """Send a text unchanged, other values as JSON."""
        self.connection.send(message if isinstance(message, str) else json.dumps(message))

    def receive(self, *, timeout: float = 15) -> dict[str, Any]:
        """Return the next message."""
        return dict(json.loads(self.connection.recv(timeout=timeout)))

    def request(self, message: Any) -> dict[str, Any]:
        """Send a message, return the next one received."""
        self.send(message)
        return self.receive()

    def is_idle(self) -> bool:
        """Return whether the next message is the answer to a ping, so that no other one is pending."""
        return (
            self.request({"action": "ping", "type": "ping", "ref": "still"}).get("ref") == "still"
        )

    def receive_until(self, status: str) -> list[dict[str, Any]]:
        """Return the next messages, up to one with that status."""
        found = [self.receive()]
        while status_of(found[-1]) != status:
            found.append(self.receive())
        return found


def status_of(message: dict[str, Any]) -> str | None:
    """Return the status in a message of the envelope form, None for other messages."""
    return message["payload"]["status"] if message["action"] == "job_status" else None


class Installation:
    """A broker with separate folders, and the processes that use it. The test process shares nothing with it."""

    def __init__(self, **more: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="va-"))
        self.environ = environ_in(self.home) | more
        self._parts: list[Web | WorkerProcess] = []
        self._broker: subprocess.Popen[bytes] | None = None

    def start_broker(self) -> None:
        """Start the broker and its supervisor; wait until it answers."""
        log = self.home / "broker.log"
        before = log.read_text().count("Broker started") if log.exists() else 0
        with log.open("ab") as sink:
            self._broker = subprocess.Popen(
                [sys.executable, "-m", "libraries.broker.embedded"],
                env=self.environ,
                cwd=REPOSITORY,
                stdout=sink,
                stderr=sink,
            )
        until(lambda: log.read_text().count("Broker started") > before, what="a broker")

    def start_web(
        self,
        *,
        key: str = "",
        silence: float = SILENCE,
        sources: Path = REPOSITORY,
        **more: str,
    ) -> Web:
        """Start a web process from a folder with the sources, without waiting for it."""
        web = Web(
            self.environ | {"PYTHONPATH": str(sources)} | more,
            self.home / f"web{len(self._parts)}.log",
            key=key,
            silence=silence,
            sources=sources,
        )
        self._parts.append(web)
        return web

    def start_worker(self, **more: str) -> WorkerProcess:
        """Start a worker, without waiting for it."""
        worker = WorkerProcess(self.environ | more, self.home / f"worker{len(self._parts)}.log")
        self._parts.append(worker)
        return worker

    def close(self) -> None:
        """Stop all processes."""
        for part in reversed(self._parts):
            if isinstance(part, Web):
                part.close()
            else:
                part.process.kill()
                part.process.wait()
        if self._broker is not None:
            self._broker.terminate()
            self._broker.wait(10)
        shutil.rmtree(self.home, ignore_errors=True)


class Gates:
    """Files that tasks wait for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str = "gate") -> str:
        """Return the path of a gate, which is closed until `open`."""
        return str(self._folder / name)

    def open(self, name: str = "gate") -> None:
        """Release the tasks that wait for a gate."""
        (self._folder / name).touch()
