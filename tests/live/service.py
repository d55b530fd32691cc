"""The parts of the service as processes of their own, and the ways in which a client follows a job."""

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
from tests.journeys.conftest import free_port

# With the tasks of tests/probes. A silent connection is written to after so many seconds instead of 15, and a job of which nobody
# tells anything is looked at after 1 instead of 5.
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
    """An answer over HTTP; `body` is parsed if it is JSON."""

    status: int
    headers: http.client.HTTPMessage
    body: Any
    seconds: float


class Web:
    """A real web process on a port of its own."""

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
        command = [
            sys.executable,
            "-c",
            RUN_WEB,
            str(PROBES),
            str(silence),
            "-c",
            "gunicorn.conf.py",
        ]
        with log.open("wb") as sink:
            self.process = subprocess.Popen(
                command,
                env={"LOG_LEVEL": "WARNING"} | environ | {"PORT": str(self.port)},
                cwd=sources,
                stdout=sink,
                stderr=sink,
            )

    def wait_until_ready(self) -> Web:
        """Wait until it answers."""

        def answers() -> bool:
            try:
                return self.ask("GET", "/healthz").status == 200
            except OSError:
                return False

        until(
            lambda: self.process.poll() is not None or answers(),
            seconds=30,
            what="a web process that answers",
        )
        assert self.process.poll() is None, self.log.read_text()
        return self

    @property
    def pid(self) -> int:
        """The process that holds the connections."""
        return int(
            Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
            .read_text()
            .split()[0]
        )

    def headers(self, more: dict[str, str] | None = None) -> dict[str, str]:
        """What a client sends, its key among it if it has one."""
        return ({"X-API-Key": self.key} if self.key else {}) | (more or {})

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        timeout: float = 20,
    ) -> Reply:
        """Make a request on a connection of its own."""
        asked = time.monotonic()
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
        return Reply(response.status, response.headers, content, time.monotonic() - asked)

    def submit(self, task: str, *args: Any, **options: Any) -> str:
        """Queue a task of the probes; return the id of the job."""
        reply = self.ask("POST", "/jobs", {"task": f"workers.{task}", "args": list(args)} | options)
        assert reply.status == 202, reply.body
        return str(reply.body["job_id"])

    def job(self, job_id: str) -> dict[str, Any]:
        """A job as it is now."""
        reply = self.ask("GET", f"/jobs/{job_id}")
        assert reply.status == 200, reply.body
        return dict(reply.body)

    def wait_for(self, job_id: str, *statuses: str, seconds: float = 15) -> None:
        """Wait until a job is in one of these states; its end if none is named."""

        def there() -> bool:
            job = self.job(job_id)
            return job["status"] in statuses if statuses else bool(job["done"])

        until(there, seconds=seconds, what=f"{statuses or 'the end'} of the job")

    @contextlib.contextmanager
    def stream(
        self, job_id: str, known: str = "", query: str = "", timeout: float = 15
    ) -> Iterator[Stream]:
        """The event stream of a job, as `sseclient-py` reads it."""
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
        """A WebSocket, as `websockets` opens it, its greeting read."""
        wanted: dict[str, Any] = {
            "additional_headers": self.headers(),
            "open_timeout": 15,
            "proxy": None,
        }
        opened: ClientConnection = connect(self.address(path), **(wanted | options))
        with opened as connection:
            talk = Socket(connection)
            talk.greeting = talk.hear()
            yield talk

    def address(self, path: str) -> str:
        """The address of a WebSocket."""
        return f"ws://127.0.0.1:{self.port}{path}"

    def stop(self, number: int = signal.SIGTERM, *, seconds: float = 10) -> int:
        """Send a signal, wait for the end, return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def close(self) -> None:
        """End it if it still runs."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Stream:
    """An event stream that is being read."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        assert connection.sock is not None
        self.sock: socket.socket = connection.sock
        self.response = connection.getresponse()
        self.status = self.response.status
        self._events = SSEClient(self.response).events()

    def next(self) -> Told:
        """The next event."""
        return Told.of(next(self._events))

    def rest(self) -> list[Told]:
        """All further events, to the end of the stream."""
        return [Told.of(event) for event in self._events]

    def until(self, name: str) -> list[Told]:
        """The next events, up to one of that name."""
        found = [self.next()]
        while found[-1].name != name:
            found.append(self.next())
        return found

    def cut(self) -> None:
        """Break the connection as a network does: at once, for both directions."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Told:
    """One event: its id ('' for none), its name, its data."""

    id: str
    name: str
    data: dict[str, Any]

    @classmethod
    def of(cls, event: Event) -> Told:
        """The event as the client library gives it."""
        return cls(event.id or "", event.event, json.loads(event.data))

    @property
    def order(self) -> tuple[int, int]:
        """What ids are compared by."""
        time_part, _, number = self.id.partition("-")
        return int(time_part), int(number)


class Socket:
    """A WebSocket whose messages are JSON."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.greeting: dict[str, Any] = {}

    def say(self, message: Any) -> None:
        """Send a text as it is, anything else as JSON."""
        self.connection.send(message if isinstance(message, str) else json.dumps(message))

    def hear(self, *, timeout: float = 15) -> dict[str, Any]:
        """The next message."""
        return dict(json.loads(self.connection.recv(timeout=timeout)))

    def ask(self, message: Any) -> dict[str, Any]:
        """Send a message, return the next one that comes."""
        self.say(message)
        return self.hear()

    def nothing_more(self) -> bool:
        """Tell whether nothing has come: a ping is answered behind whatever was said before."""
        return self.ask({"action": "ping", "type": "ping", "ref": "still"}).get("ref") == "still"

    def hear_until(self, status: str) -> list[dict[str, Any]]:
        """The next messages, up to one of that status."""
        found = [self.hear()]
        while status_of(found[-1]) != status:
            found.append(self.hear())
        return found


def status_of(message: dict[str, Any]) -> str | None:
    """The status that a message of the envelope form tells, None for other messages."""
    return message["payload"]["status"] if message["action"] == "job_status" else None


class Installation:
    """A broker with folders of its own, and whatever else runs on it. Nothing is shared with the test process."""

    def __init__(self, **more: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="va-"))
        self.environ = environ_in(self.home) | more
        self._parts: list[Web | WorkerProcess] = []
        self._broker: subprocess.Popen[bytes] | None = None

    def start_broker(self) -> None:
        """Start the broker, and what looks after it; wait until it answers."""
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
        """Start a web process from a folder with the sources; it is not ready at once."""
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
        """Start a worker; it is not ready at once."""
        worker = WorkerProcess(self.environ | more, self.home / f"worker{len(self._parts)}.log")
        self._parts.append(worker)
        return worker

    def close(self) -> None:
        """End everything."""
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
        """The gate of that name, closed until it is opened."""
        return str(self._folder / name)

    def open(self, name: str = "gate") -> None:
        """Let whoever waits there go on."""
        (self._folder / name).touch()
