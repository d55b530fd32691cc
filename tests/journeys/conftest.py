"""The whole service, started by the launcher."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY, Stopwatch, environ_in, until
from tests.forked import start_python


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command_of(pid: int) -> bytes:
    """Return the command line of a process, empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


RUN_LAUNCHER = "import sys; from start_dev import main; sys.exit(main())"


class Service:
    """A running `start_dev.py`, which in this folder has imported the product before it starts if it is `forked`."""

    def __init__(
        self,
        environ: dict[str, str],
        log: Path,
        *options: str,
        cwd: Path = REPOSITORY,
        forked: bool = True,
    ) -> None:
        self.environ = environ | {"PORT": str(free_port())}
        self.log = log
        self.url = f"http://127.0.0.1:{self.environ['PORT']}"
        self.seconds_to_draw = 0.0
        self._options = options
        self._cwd = cwd
        self._forked = forked and cwd == REPOSITORY
        self.start()

    def start(self) -> None:
        """Start the launcher, again after a stop."""
        self._started = Stopwatch()
        program = ("-c", RUN_LAUNCHER) if self._forked else ("start_dev.py",)
        with self.log.open("ab") as sink:
            self.process = start_python(
                *program,
                *self._options,
                environ=self.environ,
                output=sink,
                folder=self._cwd,
                forked=self._forked,
            )

    def output(self) -> str:
        """Return the output so far."""
        return self.log.read_text()

    def wait_until_drawn(self) -> Service:
        """Wait for the first artboard."""
        until(
            lambda: "Stop with Ctrl-C" in self.output() or self.process.poll() is not None,
            seconds=30,
            what="a first drawing",
        )
        assert self.process.poll() is None, self.output()
        self.seconds_to_draw = self._started.seconds()
        return self

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Make a request; return the status and the body, parsed if it is JSON."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(  # noqa: S310
            self.url + path, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310
                status, kind, text = (
                    reply.status,
                    reply.headers["Content-Type"],
                    reply.read().decode(),
                )
        except urllib.error.HTTPError as reply:
            with reply:
                status, kind, text = (
                    reply.code,
                    reply.headers["Content-Type"],
                    reply.read().decode(),
                )
        return status, json.loads(text) if "json" in kind else text

    def draw(self, **artboard: Any) -> str:
        """Draw an artboard and return the SVG."""
        status, accepted = self.request(
            "POST", "/artboard/create", {"width": 100, "height": 100} | artboard
        )
        assert status == 200, accepted
        job = f"/jobs/{accepted['job_id']}"
        until(lambda: self.request("GET", job)[1]["done"], seconds=15, what="the end of the job")
        status, svg = self.request("GET", f"{job}/result")
        assert status == 200, svg
        return str(svg)

    def pids(self) -> dict[str, int]:
        """Return the process ids of the parts by module or program."""
        found = {}
        children = (
            Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        )
        for pid in children:
            name = re.search(r"-m (\S+)", command_of(int(pid)).replace(b"\0", b" ").decode())
            if name:
                found[name[1].rpartition(".")[2]] = int(pid)
        return found

    def family(self) -> set[int]:
        """Return the process ids of all descendants."""
        listing = subprocess.run(
            ["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
        ).stdout
        parents = {
            int(pid): int(parent) for pid, parent in (line.split() for line in listing.splitlines())
        }
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found

    def workers(self) -> list[int]:
        """Return the process ids of the workers, each followed by its work-horses."""
        return sorted(pid for pid in self.family() if b"--single" in command_of(pid))

    def stop(self, number: int = signal.SIGINT, *, seconds: float = 10.0) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


@pytest.fixture(scope="package")
def shared_service() -> Iterator[Service]:
    """A shared service for tests that do not stop or configure it and use only jobs they create."""
    with running_service(forked=False) as service:
        yield service


@contextmanager
def running_service(*, forked: bool = True, **more: str) -> Iterator[Service]:
    """Run the service in a new folder, with `more` environment variables."""
    home = Path(tempfile.mkdtemp(prefix="va-"))
    service = Service(environ_in(home) | more, home / "service.log", forked=forked)
    try:
        yield service.wait_until_drawn()
    finally:
        service.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def start_service(environ: dict[str, str], home: Path) -> Iterator[Callable[..., Service]]:
    """Return a function that starts the service, which is stopped after the test."""
    started: list[Service] = []

    def start(
        *options: str,
        cwd: Path = REPOSITORY,
        wait: bool = True,
        forked: bool = True,
        **more: str,
    ) -> Service:
        log = home / f"service{len(started)}.log"
        service = Service(environ | more, log, *options, cwd=cwd, forked=forked)
        started.append(service)
        return service.wait_until_drawn() if wait else service

    yield start
    for service in started:
        if service.process.poll() is None:
            service.stop()
