"""Requests at a constant rate over persistent connections, and their latencies."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Request(NamedTuple):
    """One request; `body` is sent as JSON."""

    method: str
    path: str
    body: dict[str, object] | None = None
    headers: dict[str, str] | None = None


@dataclass
class Measured:
    """Result of a load: seconds per request, responses by status code, 0 for a broken connection."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    etags: dict[str, str] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    cpu: float = 0.0
    machine: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Return the latency that this share of the requests does not exceed."""
        return percentile(self.seconds, share)

    def within(self, limit: float) -> bool:
        """Return whether 99 % of the requests took at most `limit` seconds plus the delay of the machine.

        A request passes between processes twice as often as the reference call.
        """
        return self.percentile(0.99) < limit + 2 * percentile(self.machine, 0.99)

    @property
    def summary(self) -> str:
        """Return the result as a line; times in ms."""
        return (
            f"{len(self.seconds)} requests, statuses {dict(self.statuses)}, p50 {1000 * self.percentile(0.5):.1f} ms, "
            f"p99 {1000 * self.percentile(0.99):.1f} ms, {self.cpu:.2f} cores; "
            f"p99 of a call to an idle process {1000 * percentile(self.machine, 0.99):.1f} ms"
        )


def percentile(values: list[float], share: float) -> float:
    """Return the value that this share of the values does not exceed, 0 for no values."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0.0


ECHO = "import os\nwhile block := os.read(0, 1): os.write(1, block)"


@contextlib.contextmanager
def calls_to_an_idle_process(found: list[float], *, rate: float) -> Iterator[None]:
    """In the background call an idle process `rate` times a second, and append the durations in seconds to `found`.

    The durations measure the load of the machine by other processes.
    """
    stop = threading.Event()
    with subprocess.Popen(
        [sys.executable, "-c", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as echo:
        assert echo.stdin is not None
        assert echo.stdout is not None
        requests, replies = echo.stdin.fileno(), echo.stdout.fileno()

        def call() -> None:
            while not stop.wait(1 / rate):
                requested_at = time.monotonic()
                os.write(requests, b"?")
                os.read(replies, 1)
                found.append(time.monotonic() - requested_at)

        os.write(requests, b"?")
        os.read(replies, 1)  # it has started
        thread = threading.Thread(target=call)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its children in seconds."""
    total = 0.0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(entry.parent.name) == pid or int(fields[1]) == pid:
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def steady_load(
    port: int,
    make: Callable[[int, Measured], Request],
    *,
    rate: float,
    seconds: float,
    clients: int = 8,
    pid: int = 0,
) -> Measured:
    """Send `rate` requests a second, from `make(number, so far)`; `pid` is the process whose CPU time is measured."""
    measured, lock = Measured(), threading.Lock()
    started_at, used = 0.0, cpu_seconds(pid) if pid else 0.0

    def client(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        for number in range(first, int(rate * seconds), clients):
            time.sleep(max(0.0, started_at + number / rate - time.monotonic()))
            request = make(number, measured)
            requested_at = time.monotonic()
            result = _exchange(connection, request)
            with lock:
                _note(measured, request, result, time.monotonic() - requested_at)
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    with calls_to_an_idle_process(measured.machine, rate=50):
        started_at = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if pid:
        measured.cpu = (cpu_seconds(pid) - used) / (time.monotonic() - started_at)
    return measured


class Response(NamedTuple):
    """A response; `status` is 0 for a broken connection."""

    status: int = 0
    etag: str = ""
    job_id: str = ""


def _note(measured: Measured, request: Request, result: Response, seconds: float) -> None:
    measured.seconds.append(seconds)
    measured.statuses[result.status] += 1
    if result.etag:
        measured.etags[request.path] = result.etag
    if result.job_id:
        measured.ids.append(result.job_id)


def _exchange(connection: http.client.HTTPConnection, request: Request) -> Response:
    body = json.dumps(request.body) if request.body is not None else None
    headers = dict(request.headers or {})
    if body is not None:
        headers["Content-Type"] = "application/json"
    try:
        connection.request(request.method, request.path, body, headers)
        response = connection.getresponse()
        data = response.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return Response()
    reply = json.loads(data) if data and request.method == "POST" else {}
    return Response(response.status, response.headers.get("ETag", ""), str(reply.get("job_id", "")))
