"""Launcher for development: `python start_dev.py`, which `make run` calls.

It forks the broker's keeper, the workers and the web process, and draws a first artboard through the
API. See `Procfile` to start them separately.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import http.client
import importlib
import json
import pkgutil
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libraries
from libraries import sheets
from libraries.broker.paths import data_dir_error
from libraries.forks import can_fork
from libraries.processes import FreeMemory
from libraries.settings import BadSettings, Settings, get_settings
from libraries.supervision import Part, Supervisor

HERE = Path(__file__).parent
A4_SPIRAL = {"width": 210, "height": 297, "pattern": "spiral"}
# Before jobs that are already waiting.
FIRST_ARTBOARD = {**A4_SPIRAL, "id": "first", "priority": "high"}
START_TIMEOUT_S = 30.0
POLL_S = 0.05
SOURCES = ("*.py", "components/**/*", "libraries/**/*", "workers/**/*")


class NotServing(Exception):
    """Raised when the first drawing fails; the text says why."""


class NoReply(Exception):
    """Raised when the web process does not reply, or not with JSON."""


class SharedModules:
    """The modules that several parts use, imported once before the parts are forked."""

    # Besides all packages of the libraries. The last four are imported by the first search in the gallery
    # and by most drawings.
    MODULES = (
        "libraries.worker.running",
        "libraries.gallery.arrivals",
        "libraries.uploads.staging",
        "libraries.gallery.databases",
        "sqlalchemy.dialects.sqlite",
        "numpy.random",
        "numpy.ma",
    )

    def __init__(self) -> None:
        self._created_ns = time.time_ns()
        self._loaded = False

    def load(self, is_restart: bool) -> bool:
        """Import the modules; return whether a part can be a fork of this process.

        It cannot if a source file has changed since this process started.
        """
        if can_fork() and not self._loaded:
            self._loaded = True
            self._import()
        # An extension may have started a thread.
        return can_fork() and not (is_restart and any(map(self._has_changed, sources())))

    def _import(self) -> None:
        # The garbage collector would copy pages that the parts share, and delay the start.
        gc.disable()
        for name in self._names():
            # The part that needs it reports the mistake.
            with contextlib.suppress(Exception, SystemExit):
                importlib.import_module(name)
        gc.freeze()
        FreeMemory().give_back()
        gc.enable()

    def _names(self) -> Iterator[str]:
        for package in (libraries, sheets):
            for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
                yield module.name
        yield from self.MODULES

    def _has_changed(self, path: Path) -> bool:
        try:
            return path.stat().st_ctime_ns > self._created_ns
        except FileNotFoundError:
            return True


def parts(settings: Settings, shared: SharedModules) -> list[Part]:
    python = sys.executable
    web = Part(
        "web",
        [python, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app:create_app()"],
        reloads=True,
        preload=shared.load,
    )
    if settings.jobs.immediate:
        # The web process runs the jobs and starts an in-memory broker if necessary.
        return [web]
    broker = Part(
        "broker",
        [python, "-m", "libraries.broker.embedded"],
        stops_last=True,
        preload=shared.load,
    )
    number = settings.jobs.workers
    workers = [
        Part(
            f"worker{index + 1}" if number > 1 else "worker",
            [python, "-m", "workers", "--single"],
            reloads=True,
            preload=shared.load,
        )
        for index in range(number)
    ]
    return [*([broker] if settings.broker.embedded_broker else []), *workers, web]


def address_error(settings: Settings) -> str | None:
    """Return why the service cannot listen at its address, None if it can."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            settings.web.host, settings.web.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        host, port = settings.web.host, settings.web.port
        return (
            f"Cannot serve at {host} port {port}: {error.strerror or error}. Stop the process that "
            f"listens there, or choose another port: PORT={port + 1} make run"
        )
    return None


def start_error(settings: Settings) -> str | None:
    """Return why the service cannot start, None if it can; creates the data folder."""
    reason = address_error(settings)
    with_broker = settings.broker.embedded_broker and not settings.jobs.immediate
    if reason is None and (with_broker or not settings.gallery.gallery_url):
        reason = data_dir_error(settings.broker.data_dir, with_broker=with_broker)
    return reason


def sources() -> Iterator[Path]:
    for pattern in SOURCES:
        yield from (
            path
            for path in HERE.glob(pattern)
            if path.is_file() and "__pycache__" not in path.parts
        )


class FirstDrawing:
    """Waits for the service, draws a first artboard through the API, and prints the URLs."""

    def __init__(self, supervisor: Supervisor, settings: Settings) -> None:
        self._supervisor = supervisor
        self._settings = settings
        self._host = (
            "127.0.0.1" if settings.web.host in ("0.0.0.0", "::", "") else settings.web.host  # noqa: S104
        )
        self._deadline = time.monotonic() + START_TIMEOUT_S
        # Prevents a second drawing when a request is repeated.
        self._key = f"first-{uuid.uuid4()}"

    @property
    def address(self) -> str:
        """URL of the service for a browser on this machine."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._settings.web.port}"

    def __call__(self) -> None:
        """Print the URLs when the web process replies, then draw; on failure log the reason."""
        log = self._supervisor.log
        try:
            self._wait_for_web_process()
            self._print_urls()
            self._wait_for("/readyz")
            if self._settings.access.api_keys:
                self._explain_keys()
                return
            drawing, picture = self._draw()
        except NotServing as error:
            if not self._supervisor.stop_requested:
                log(f"No first drawing: {error}. The service continues; see the log above.")
            return
        log(f"Drew {drawing}")
        log("")
        log(f"  First plot   {self.address}{picture}")
        log("")
        log("  Draw a spiral on A4:")
        log(
            f"  curl {self.address}/artboard/create -H 'Content-Type: application/json' -d '{json.dumps(A4_SPIRAL)}'"
        )
        log("")
        log("  Stop with Ctrl-C.")

    def _print_urls(self) -> None:
        log = self._supervisor.log
        log("")
        log(f"  Vector API   {self.address}")
        log(f"  Reference    {self.address}/docs")
        log(f"  Dashboard    {self.address}/dashboard")
        log(f"  Your files   {self._settings.storage.output_dir}")
        log("")

    def _explain_keys(self) -> None:
        """Print how to draw with an API key: the settings contain only hashes of keys."""
        log, body = self._supervisor.log, json.dumps(A4_SPIRAL)
        log(f"Ready at {self.address}; the reference is {self.address}/docs. Stop with Ctrl-C.")
        log("API keys are set, so there is no first drawing. Replace KEY with one of them:")
        log(
            f"  curl {self.address}/artboard/create -H 'X-API-Key: KEY' -H 'Content-Type: application/json' -d '{body}'"
        )

    def _draw(self) -> tuple[str, str]:
        _, accepted = self._retry("POST", "/artboard/create", FIRST_ARTBOARD)
        if "job_id" not in accepted:
            raise NotServing(f"the first artboard was rejected: {accepted.get('detail', accepted)}")
        job_id, last_status = accepted["job_id"], ""
        while True:
            _, job = self._retry("GET", f"/jobs/{job_id}")
            if job.get("status") != last_status:
                last_status = str(job.get("status"))
                self._supervisor.log(f"First artboard: {last_status}")
            if job.get("done"):
                break
            self._pause()
        if last_status != "finished":
            raise NotServing(f"the first artboard {last_status}: {job.get('error')}")
        return str(job["result"]), f"/jobs/{job_id}/result"

    def _wait_for_web_process(self) -> None:
        """Wait as long as it takes: a slow machine or a long queue must not hide the addresses."""
        waits = True
        while waits:
            try:
                self._wait_for("/healthz")
                waits = False
            except NotServing as error:
                if self._supervisor.stop_requested:
                    raise
                self._supervisor.log(f"Still waiting: {error}. See the log above.")
            self._deadline = time.monotonic() + START_TIMEOUT_S

    def _wait_for(self, path: str) -> None:
        while True:
            status, answer = self._retry("GET", path)
            if status == http.client.OK:
                return
            self._pause(f"{answer.get('detail', answer)}")

    def _retry(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Send a request until the web process replies. Raises NotServing at the deadline."""
        while True:
            try:
                return self._request(method, path, body)
            except NoReply as error:
                self._pause(str(error))

    def _pause(self, last: str = "timeout") -> None:
        if self._supervisor.stop_requested or time.monotonic() > self._deadline:
            raise NotServing(last)
        until = time.monotonic() + POLL_S
        while (left := until - time.monotonic()) > 0:
            self._supervisor.tick(left)

    def _request(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection(self._host, self._settings.web.port, timeout=5)
        try:
            headers = {"Idempotency-Key": self._key}
            if body is not None:
                headers["Content-Type"] = "application/json"
            connection.request(
                method, path, json.dumps(body) if body is not None else None, headers
            )
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except OSError as error:
            raise NoReply("the web process does not reply") from error
        except (http.client.HTTPException, ValueError) as error:
            raise NoReply("the web process sent an invalid response") from error
        finally:
            connection.close()


def main() -> int:
    """Run the parts until Ctrl-C; return 0, or 2 for settings that cannot be used."""
    parser = argparse.ArgumentParser(
        description="Run broker, workers and web; in immediate mode only the web process."
    )
    parser.add_argument(
        "--reload", action="store_true", help="restart web and workers when a source file changes"
    )
    options = parser.parse_args()
    try:
        settings = get_settings()
    except BadSettings as error:
        sys.stderr.write(f"{error}\n")
        return 2
    reason = start_error(settings)
    if reason is not None:
        sys.stderr.write(f"{reason}\n")
        return 2
    supervisor = Supervisor(
        parts(settings, SharedModules()), cwd=HERE, watched=sources if options.reload else None
    )
    return supervisor.run(ready=FirstDrawing(supervisor, settings))


if __name__ == "__main__":
    sys.exit(main())
