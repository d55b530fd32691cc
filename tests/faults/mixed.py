"""Normal traffic while clients are slow, bodies too large, workers frozen, records damaged and the disk full.

Linux only. It needs the right to mount a file system for the full disk.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from redis import Redis, RedisError

from libraries.broker.connections import worker_client
from libraries.broker.keys import job_key
from libraries.settings import Settings
from tests.conftest import REPOSITORY, until
from tests.faults.fleet import children, processes_of
from tests.faults.load import calls_to_an_idle_process, percentile
from tests.faults.storms import QUEUED
from tests.faults.trail import all_done, states
from tests.journeys.conftest import Service, command_of

MB = 1_000_000
# Attackers have other addresses than the normal clients.
SLOW_ADDRESS, LARGE_ADDRESS = "127.0.0.2", "127.0.0.3"
HEAD = b"POST /artboard/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HALVES = (
    b"",
    b"GET /jobs HTTP/1.1\r\nHost: localhost\r\nX-Half: ",
    HEAD + b"Content-Length: 1000\r\n\r\n{",
    HEAD + b"Content-Length: 900000\r\n\r\n{",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n400\r\n{",
)
PAGE = {"width": 10, "height": 10}
POLYLINE = {"type": "polyline", "points": [[n % 190, n * 7 % 190] for n in range(2000)]}
UPLOAD = b'Content-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv'
LARGE_REQUESTS: tuple[tuple[str, object], ...] = (
    ("/artboard/create", PAGE | {"elements": [{"type": "polyline", "points": [0] * 480_000}]}),
    ("/artboard/create", PAGE | {"elements": [{"type": "polyline", "points": [[]] * 240_000}]}),
    ("/artboard/create", PAGE | {"elements": [POLYLINE] * 20, "complexity": "simple"}),
    ("/jobs", {f"k{number}": 0 for number in range(80_000)}),
    ("/jobs", {"task": "workers.text_tasks.default_text", "kwargs": {"content": "x" * 2 * MB}}),
    ("/files/batch", {"file_list": ["a.csv"] * 9000, "operation": "convert_to_json"}),
    ("/batches", {"items": [0] * 400_000}),
    ("/uploads", b"--x\r\n" + UPLOAD + b"\r\n\r\n" + b"a,b\n" * (3 * MB) + b"\r\n--x--\r\n"),
)
# Encoded once, because the encoder stops all threads of this process.
LARGE = tuple(
    (path, body if isinstance(body, bytes) else json.dumps(body)) for path, body in LARGE_REQUESTS
)
ACCEPTED = (200, 202)


@dataclass
class Observed:
    """What clients saw. Times are in seconds, memory in MB."""

    seconds: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    silent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    large: Counter[int] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)
    web_processes: set[int] = field(default_factory=set)
    settled: float = 0.0
    left: int = 0
    load: list[float] = field(default_factory=list)
    machine: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def growth(self) -> float:
        """Return the largest memory of a web process relative to its start."""
        return max(self.memory) / self.memory[0]

    @property
    def summary(self) -> str:
        """Return the result as a line; times in ms."""
        return (
            f"{len(self.health)} probes, {self.silent} without a response, p50 {1000 * percentile(self.health, 0.5):.0f} ms, "
            f"p99 {1000 * percentile(self.health, 0.99):.0f} ms, slowest {1000 * max(self.health):.0f} ms; "
            f"{len(self.seconds)} requests, statuses {dict(self.statuses)}, p99 {1000 * percentile(self.seconds, 0.99):.0f} ms; "
            f"{dict(self.done)}; responses to large bodies {dict(self.large)}; "
            f"{len(self.ids)} jobs accepted: {dict(self.ends)}, settled {self.settled:.1f} s after the last fault; "
            f"web {self.memory[0]:.0f} MB at the start, {max(self.memory):.0f} MB at most, {self.memory[-1]:.0f} MB at the end, "
            f"{len(self.web_processes)} web processes; {self.left} processes left; load average {min(self.load):.1f} to {max(self.load):.1f}, "
            f"p99 of a call to an idle process {1000 * percentile(self.machine, 0.99):.0f} ms"
        )


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Mount a file system of this size in memory. Raises CalledProcessError without the right to mount."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


class Mixed:
    """The service, its faults and its normal clients, each in a thread."""

    FROZEN_EVERY_S, FULL_EVERY_S, FULL_S = 45.0, 60.0, 8.0

    def __init__(self, service: Service, settings: Settings, rng: random.Random) -> None:
        self.service, self.rng, self.seen = service, rng, Observed()
        self.port = int(service.environ["PORT"])
        self.data = settings.broker.data_dir
        self.client: Redis = worker_client(settings)
        self.stop = threading.Event()

    # -- normal traffic

    def submit(self) -> None:
        self._repeat(0.33, lambda: self._request("POST", "/artboard/create", self._artboard()))

    def poll(self) -> None:
        def request() -> None:
            job = f"/jobs/{self.rng.choice(self.seen.ids)}" if self.seen.ids else "/patterns"
            self._request("GET", job)

        self._repeat(0.1, request)

    def browse(self) -> None:
        paths = ("/jobs?limit=20", "/gallery", "/patterns", "/jobs?status=failed")
        self._repeat(0.5, lambda: self._request("GET", self.rng.choice(paths)))

    def probe(self) -> None:
        """Request the health, in a process that the other clients do not delay."""
        command = [sys.executable, "-m", "tests.faults.prober", str(self.port)]
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as prober:
            assert prober.stdout is not None
            for line in prober.stdout:
                status, seconds = line.split()
                self.seen.health.append(float(seconds))
                self.seen.silent += status != "200"
                if self.stop.is_set():
                    prober.terminate()

    def watch(self) -> None:
        """Observe the memory of the largest web process and the load of the machine."""

        def look() -> None:
            pids = self._web()
            self.seen.web_processes.update(pids)
            with contextlib.suppress(OSError, StopIteration, ValueError):
                self.seen.memory.append(max(map(_resident, pids)))
            self.seen.load.append(os.getloadavg()[0])

        self._repeat(1.0, look)

    # -- faults

    def be_slow(self) -> None:
        """Keep 200 connections open that send nothing, or a byte at a time."""
        with contextlib.ExitStack() as stack:
            opened: list[socket.socket] = []

            def drip() -> None:
                for connection in opened[:]:
                    try:
                        connection.send(b" ")
                    except OSError:
                        connection.close()
                        opened.remove(connection)
                while len(opened) < 200 and not self.stop.is_set():
                    with contextlib.suppress(OSError):
                        opened.append(stack.enter_context(self._dripping(len(opened))))
                self._count("slow rounds")

            self._repeat(2.0, drip)

    def _dripping(self, number: int) -> socket.socket:
        connection = socket.create_connection(
            ("127.0.0.1", self.port), timeout=5, source_address=(SLOW_ADDRESS, 0)
        )
        if HALVES[number % len(HALVES)]:
            connection.sendall(HALVES[number % len(HALVES)])
        connection.setblocking(False)
        return connection

    def send_large(self) -> None:
        """Send large bodies, four at a time."""

        def send() -> None:
            with ThreadPoolExecutor(4) as pool:
                for status in pool.map(self._send_large, self.rng.sample(range(len(LARGE)), 4)):
                    self.seen.large[status] += 1

        self._repeat(1.0, send)

    def _send_large(self, number: int) -> int:
        path, body = LARGE[number]
        return self._exchange("POST", path, body, source=LARGE_ADDRESS)[0]

    def freeze_workers(self) -> None:
        """Suspend a worker and its work-horses; the supervisor has to replace it."""

        def freeze() -> None:
            workers = [pid for pid in self.service.workers() if children(pid)]
            for pid in [one for worker in workers[:1] for one in (worker, *children(worker))]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
            self._count("workers frozen", bool(workers))

        self._repeat(self.FROZEN_EVERY_S, freeze)

    def damage_records(self) -> None:
        """Damage the records of finished jobs, and delete them through the API."""
        jobs: list[str] = []

        def damage() -> None:
            _, reply = self._exchange("POST", "/artboard/create", self._artboard())
            with contextlib.suppress(KeyError, TypeError):
                jobs.append(reply["job_id"])
            if len(jobs) > 5 and self._is_damaged(jobs[-5]):
                self._count("records damaged")
            if len(jobs) > 10:
                self._request("DELETE", f"/jobs/{jobs.pop(0)}")

        self._repeat(3.0, damage)

    def _is_damaged(self, job_id: str) -> bool:
        """Damage a record; return False while the broker cannot write."""
        key = job_key(job_id)
        try:
            if self.rng.random() < 1 / 2:
                self.client.set(key, "no hash")
            else:
                self.client.hset(key, mapping={"status": "of-another-version", "meta": b"\xff{"})
        except RedisError:
            return False
        return True

    def fill_disk(self) -> None:
        """Fill the disk of the broker and the index, and make room again."""
        filler = self.data / "filler"

        def fill() -> None:
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while file.write(b"\0" * 65536):
                    pass
            self._count("disks filled")
            self.stop.wait(self.FULL_S)
            filler.unlink()

        self._repeat(self.FULL_EVERY_S, fill)

    # --

    def run(self, seconds: float) -> Observed:
        """Run everything at once, then wait for the accepted jobs."""
        self._warm_up()
        calls: list[Callable[[], None]] = [
            self.submit, self.poll, self.browse, self.probe, self.watch, self.be_slow, self.send_large,
            self.freeze_workers, self.damage_records, self.fill_disk,
        ]  # fmt: skip
        with (
            calls_to_an_idle_process(self.seen.machine, rate=20),
            ThreadPoolExecutor(len(calls)) as pool,
        ):
            running = [pool.submit(call) for call in calls]
            self.stop.wait(seconds)
            self.stop.set()
        for one in running:
            one.result()
        ended = time.monotonic()
        while not all_done(self.client, self.seen.ids) and time.monotonic() < ended + 180:
            time.sleep(0.2)
        self.seen.settled = time.monotonic() - ended
        self.seen.ends = states(self.client, self.seen.ids)
        self.client.close()
        return self.seen

    def _warm_up(self) -> None:
        """Have the web process load what normal requests need."""
        for _ in range(20):
            self._request("POST", "/artboard/create", self._artboard())
            for path in ("/jobs?limit=20", "/gallery", "/patterns", "/readyz"):
                self._request("GET", path)
        until(lambda: all_done(self.client, self.seen.ids), seconds=60, what="the first jobs")
        self.seen.seconds.clear()
        self.seen.statuses.clear()

    def _repeat(self, pause_s: float, call: Callable[[], None]) -> None:
        while not self.stop.wait(pause_s):
            call()

    def _count(self, name: str, number: int = 1) -> None:
        with self.seen.lock:
            self.seen.done[name] += number

    def _artboard(self) -> dict[str, object]:
        return QUEUED | {"id": f"mixed{self.rng.randrange(10**12)}"}

    def _request(self, method: str, path: str, body: object = None) -> None:
        started_at = time.monotonic()
        status, reply = self._exchange(method, path, body)
        with self.seen.lock:
            self.seen.seconds.append(time.monotonic() - started_at)
            self.seen.statuses[status] += 1
            if method == "POST" and status in ACCEPTED:
                self.seen.ids.append(reply["job_id"])

    def _exchange(
        self, method: str, path: str, body: object = None, *, source: str = ""
    ) -> tuple[int, Any]:
        """Return the status and the JSON of a response; 0 for a broken connection."""
        form = "multipart/form-data; boundary=x"
        data = body if isinstance(body, bytes | str | None) else json.dumps(body)
        connection = HTTPConnection("127.0.0.1", self.port, 30, (source, 0) if source else None)
        try:
            kind = form if isinstance(body, bytes) else "application/json"
            headers = {} if data is None else {"Content-Type": kind}
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text and method == "POST" else None
        except (OSError, HTTPException):
            return 0, None
        finally:
            connection.close()

    def _web(self) -> list[int]:
        """Return the web processes."""
        master = self.service.pids().get("gunicorn", 0)
        return [pid for pid in children(master) if b"gunicorn" in command_of(pid)]


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def everything_at_once(
    home: Path, environ: dict[str, str], settings: Settings, rng: random.Random, seconds: float
) -> Observed:
    """Start the service with its data on a small disk, and return what its clients saw."""
    with small_disk(settings.broker.data_dir, "128m"):
        service = Service(environ | {"WORKERS": "2", "LOG_LEVEL": "WARNING"}, home / "service.log")
        try:
            service.wait_until_drawn()
            seen = Mixed(service, settings, rng).run(seconds)
        finally:
            service.stop(signal.SIGTERM, seconds=30)
            if os.environ.get("SOAK_LOG"):
                shutil.copy(home / "service.log", os.environ["SOAK_LOG"])
        left = processes_of(str(home))
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        seen.left = len(left)
        return seen
