"""`python start_dev.py`, which `make run` calls: broker, workers and web as one, and a first drawing through the API.

Each part can also be started alone: see `Procfile`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from libraries.settings import BadSettings, Settings, get_settings
from libraries.supervision import Part, Supervisor

HERE = Path(__file__).parent
A4_SPIRAL = {"width": 210, "height": 297, "pattern": "spiral"}
FIRST_ARTBOARD = {**A4_SPIRAL, "id": "first"}
PATIENCE = 30.0
POLL_EVERY = 0.05
SOURCES = ("*.py", "components/**/*", "libraries/**/*", "workers/**/*")


class NotServing(Exception):
    """Raised when the service does not get as far as a finished drawing; the text says how far it got."""


def parts(settings: Settings) -> list[Part]:
    """Return the processes that the settings ask for."""
    python = sys.executable
    web = Part(
        "web",
        [python, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app:create_app()"],
        reloads=True,
    )
    if settings.jobs.immediate:
        # It runs the jobs itself, with a broker of its own if there is none.
        return [web]
    broker = (
        [Part("broker", [python, "-m", "libraries.broker.embedded"], stops_last=True)]
        if settings.broker.embedded_broker
        else []
    )
    workers = Part("worker", [python, "-m", "workers"], reloads=True)
    return [*broker, workers, web]


def cannot_serve(settings: Settings) -> str | None:
    """Say why the service cannot listen at its address, None if it can.

    Without that the web process would be started again and again, and what is greeted would be
    whatever else listens there.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            settings.web.host, settings.web.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        where = f"Cannot serve at {settings.web.host} port {settings.web.port}: {error.strerror or error}."
        return f"{where} Stop what listens there, or choose another port: PORT={settings.web.port + 1} make run"
    return None


def sources() -> Iterator[Path]:
    """List the files whose change is worth a reload."""
    for pattern in SOURCES:
        yield from (
            path
            for path in HERE.glob(pattern)
            if path.is_file() and "__pycache__" not in path.parts
        )


class Greeting:
    """Waits for the service, draws a first artboard through its own HTTP API and says where everything is."""

    def __init__(self, supervisor: Supervisor, settings: Settings) -> None:
        """Talk to the web process that `supervisor` runs."""
        self._supervisor = supervisor
        self._settings = settings
        self._host = (
            "127.0.0.1" if settings.web.host in ("0.0.0.0", "::", "") else settings.web.host  # noqa: S104
        )
        self._deadline = time.monotonic() + PATIENCE

    @property
    def address(self) -> str:
        """The service's address for a browser on this machine."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._settings.web.port}"

    def __call__(self) -> None:
        """Do it; when it does not work out, say why and let the service run on."""
        say = self._supervisor.say
        try:
            self._wait_for("/readyz")
            if self._settings.access.api_keys:
                self._explain_keys()
                return
            drawing, picture = self._draw()
        except NotServing as trouble:
            if not self._supervisor.stop_requested:
                say(
                    f"No first drawing: {trouble}. The service goes on; the lines above may say why."
                )
            return
        say(f"Drew {drawing}")
        say("")
        say(f"  Vector API   {self.address}")
        say(f"  Reference    {self.address}/docs")
        say(f"  Dashboard    {self.address}/dashboard")
        say(f"  First plot   {self.address}{picture}")
        say(f"  Your files   {self._settings.storage.output_dir}")
        say("")
        say("  Draw a spiral on A4:")
        say(
            f"  curl {self.address}/artboard/create -H 'Content-Type: application/json' -d '{json.dumps(A4_SPIRAL)}'"
        )
        say("")
        say("  Stop with Ctrl-C.")

    def _explain_keys(self) -> None:
        """Say how to draw where that takes a key: the settings hold only the hashes of keys."""
        say, body = self._supervisor.say, json.dumps(A4_SPIRAL)
        say(f"Ready at {self.address}; the reference is {self.address}/docs. Stop with Ctrl-C.")
        say("API keys are set, so the first drawing is yours. Put one of them in place of KEY:")
        say(
            f"  curl {self.address}/artboard/create -H 'X-API-Key: KEY' -H 'Content-Type: application/json' -d '{body}'"
        )

    def _draw(self) -> tuple[str, str]:
        _, accepted = self._ask("POST", "/artboard/create", FIRST_ARTBOARD)
        if "job_id" not in accepted:
            raise NotServing(f"the first artboard was refused: {accepted.get('detail', accepted)}")
        job_id, seen = accepted["job_id"], ""
        while True:
            _, job = self._ask("GET", f"/jobs/{job_id}")
            if job.get("status") != seen:
                seen = str(job.get("status"))
                self._supervisor.say(f"First artboard: {seen}")
            if job.get("done"):
                break
            self._pause()
        if seen != "finished":
            raise NotServing(f"the first artboard {seen}: {job.get('error')}")
        return str(job["result"]), f"/jobs/{job_id}/result"

    def _wait_for(self, path: str) -> None:
        while True:
            try:
                status, answer = self._ask("GET", path)
            except OSError:
                status, answer = 0, {"detail": "the web process does not answer"}
            if status == http.client.OK:
                return
            self._pause(f"{answer.get('detail', answer)}")

    def _pause(self, last: str = "it took too long") -> None:
        if self._supervisor.stop_requested or time.monotonic() > self._deadline:
            raise NotServing(last)
        until = time.monotonic() + POLL_EVERY
        while (left := until - time.monotonic()) > 0:
            self._supervisor.turn(left)

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection(self._host, self._settings.web.port, timeout=5)
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(
                method, path, json.dumps(body) if body is not None else None, headers
            )
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except (http.client.HTTPException, ValueError) as error:
            raise NotServing("the web process gave an answer that makes no sense") from error
        finally:
            connection.close()


def main() -> int:
    """Run everything until Ctrl-C; return 0, or 2 for bad settings or an address that is taken."""
    parser = argparse.ArgumentParser(
        description="Run broker, workers and web together; in immediate mode the web process alone."
    )
    parser.add_argument(
        "--reload",
        action="store_true",
        help="start web and workers anew when a source file changes",
    )
    options = parser.parse_args()
    try:
        settings = get_settings()
    except BadSettings as error:
        sys.stderr.write(f"{error}\n")
        return 2
    trouble = cannot_serve(settings)
    if trouble is not None:
        sys.stderr.write(f"{trouble}\n")
        return 2
    supervisor = Supervisor(parts(settings), cwd=HERE, watched=sources if options.reload else None)
    return supervisor.run(ready=Greeting(supervisor, settings))


if __name__ == "__main__":
    sys.exit(main())
