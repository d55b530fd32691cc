"""Environment of the benchmarks: a private broker, temporary folders and process groups with CPU and memory accounting.

Linux only: CPU time and memory are read from /proc.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import workers
from bench.accounting import processes, proportional_bytes
from libraries.broker.connections import broker_url, subscription_client, web_client
from libraries.broker.embedded import EmbeddedBroker, EmbeddedBrokerError
from libraries.settings import SETTINGS, Settings, read_settings, use_settings

REPOSITORY = Path(__file__).resolve().parent.parent
TASKS = Path(__file__).resolve().parent / "tasks"
QUEUE = "background"
NO_OP = "workers.no_op_tasks.nothing"
# Runs the entry point of a worker with an additional folder of tasks.
ENTRY = "import sys, workers; workers.__path__.append(sys.argv.pop(1)); from {module} import main; sys.exit(main())"
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
RESPONSE_TIMEOUT_S = 60.0


Peers = Literal["none", "queues", "all"]


class BenchError(Exception):
    """Raised when a measurement fails; the message has the command and the last output of the process."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Size of a run: number of rounds, and per round the jobs, clients, events and seconds to measure."""

    is_quick: bool
    rounds: int
    posts: int
    idle_jobs: int
    pilot_jobs: int
    job_seconds: float
    min_jobs: int
    max_jobs: int
    poll_seconds: float
    connections: tuple[int, ...]
    events: int
    get_seconds: float


FULL = Scale(
    is_quick=False,
    rounds=3,
    posts=40,
    idle_jobs=100,
    pilot_jobs=100,
    job_seconds=2.0,
    min_jobs=200,
    max_jobs=20_000,
    poll_seconds=2.0,
    connections=(100, 1000),
    events=10,
    get_seconds=1.0,
)
QUICK = Scale(
    is_quick=True,
    rounds=1,
    posts=1,
    idle_jobs=2,
    pilot_jobs=0,
    job_seconds=0.0,
    min_jobs=10,
    max_jobs=10,
    poll_seconds=0.2,
    connections=(20,),
    events=2,
    get_seconds=0.1,
)


class ProcessGroup:
    """Processes that are started and stopped together. Each leads a session, which identifies its descendants."""

    def __init__(
        self, environ: Mapping[str, str], folder: Path, shared: SharedWeb | None = None
    ) -> None:
        self.shared = shared
        self._environ = dict(environ)
        self._folder = folder
        self._members: list[tuple[subprocess.Popen[bytes], Path]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with signals_ignored():
            self.stop()

    def start(self, command: Sequence[str], **environ: str) -> None:
        """Start a process in the project folder."""
        self._start(command, environ, pipes=False)

    def interact(self, command: Sequence[str], **environ: str) -> InteractiveProcess:
        """Start a process that writes a line for each line of its input."""
        return InteractiveProcess(self._start(command, environ, pipes=True), self)

    def _start(
        self, command: Sequence[str], environ: Mapping[str, str], *, pipes: bool
    ) -> subprocess.Popen[bytes]:
        log = self._folder / f"log-{random.randbytes(6).hex()}"  # noqa: S311 - not a secret
        # A signal between the two statements would leave the process running.
        with log.open("wb") as sink, signals_delayed():
            process = subprocess.Popen(
                list(command),
                env=self._environ | dict(environ),
                cwd=REPOSITORY,
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else sink,
                stderr=sink if pipes else subprocess.STDOUT,
                start_new_session=True,
            )
            self._members.append((process, log))
        return process

    def leaders(self) -> list[int]:
        """Return the ids of the started processes."""
        return [process.pid for process, _ in self._members]

    def wait_for_output(self, text: str) -> None:
        """Wait until a process has written `text`; raise BenchError after a timeout."""
        wait_until(
            lambda: any(text in log.read_text() for _, log in self._members), self, repr(text)
        )

    def check(self) -> None:
        """Raise BenchError if a process has ended."""
        for process, log in self._members:
            if process.poll() is not None:
                parts = map(str, process.args)  # type: ignore[arg-type]
                command = " ".join(part for part in parts if "\n" not in part)[:200]
                raise BenchError(
                    f"ended with exit code {process.returncode}: {command}\n{log.read_text()[-2000:]}"
                )

    def cpu(self) -> float:
        """Return the CPU seconds of the processes and their descendants.

        The kernel rounds user and system time of each process down to 10 ms.
        """
        sessions = {process.pid for process, _ in self._members}
        return sum(process.cpu for process in processes() if process.session in sessions)

    def memory(self) -> int:
        """Return the memory of the processes and their descendants in bytes; see `proportional_bytes`."""
        sessions = {process.pid for process, _ in self._members}
        return sum(
            proportional_bytes(process.pid)
            for process in processes()
            if process.session in sessions
        )

    def stop(self) -> None:
        """Terminate all processes, and kill those that do not stop in time."""
        for process, _ in self._members:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for process, _ in self._members:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(deadline - time.monotonic(), 0))
        sessions = {process.pid for process, _ in self._members}
        for left in processes():
            if left.session in sessions:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(left.pid, signal.SIGKILL)
        for process, log in self._members:
            process.wait()
            _close_pipes(process)
            log.unlink(missing_ok=True)
        self._members.clear()


@dataclass
class SharedWeb:
    """The web processes that all sections of a quick run share: their ports by application."""

    group: ProcessGroup
    ports: dict[str, int] = field(default_factory=dict)


class InteractiveProcess:
    """A process that writes a line for each line of its input."""

    def __init__(self, process: subprocess.Popen[bytes], group: ProcessGroup) -> None:
        self._process = process
        self._group = group
        self._received = b""

    def request(self, line: str, *, seconds: float = RESPONSE_TIMEOUT_S) -> str:
        """Write a line and return the response; raise BenchError if the process ends or times out."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None  # noqa: S101, PT018 - started with pipes
        with contextlib.suppress(BrokenPipeError):
            stdin.write(f"{line}\n".encode())
            stdin.flush()
        deadline = time.monotonic() + seconds
        while b"\n" not in self._received:
            ready, _, _ = select.select([stdout], [], [], max(deadline - time.monotonic(), 0))
            block = os.read(stdout.fileno(), 1 << 16) if ready else b""
            if not block:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(1)
                self._group.check()
                raise BenchError(f"no response to {line!r} in {seconds:.0f} s")
            self._received += block
        response, _, self._received = self._received.partition(b"\n")
        return response.decode()


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


@contextlib.contextmanager
def signals_ignored() -> Iterator[None]:
    """Ignore SIGINT and SIGTERM: a second Ctrl-C during cleanup would leave processes running."""
    before = [
        (number, signal.signal(number, signal.SIG_IGN))
        for number in (signal.SIGINT, signal.SIGTERM)
    ]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@contextlib.contextmanager
def signals_delayed() -> Iterator[None]:
    """Deliver SIGINT and SIGTERM after the block."""
    received: list[int] = []
    before = [
        (number, signal.signal(number, lambda number, _: received.append(number)))
        for number in (signal.SIGINT, signal.SIGTERM)
    ]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
        if received:
            signal.raise_signal(received[0])


class Counts(NamedTuple):
    """Counters of the broker: commands, socket reads (about one per round trip), memory in bytes."""

    commands: int
    reads: int
    memory: int


class Bench:
    """One run with private folders, settings and broker, which are removed at the end."""

    def __init__(
        self,
        scale: Scale,
        *,
        peers: Peers = "none",
        before: str = "",
        progress: Callable[[str], None] = print,
    ) -> None:
        self.scale = scale
        self.peers = peers == "all"
        # The two queue systems whose rates are goals of the product.
        self.queues = peers in ("queues", "all")
        # A commit whose web processes the section polling measures in turns with those of this one.
        self.before = before
        self.progress = progress
        self._shared: SharedWeb | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with self._stack:
            self.folder = Path(tempfile.mkdtemp(prefix="va-bench-"))
            self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            # Every setting is set, so that neither the environment nor an .env file affects the results.
            own = {"DATA_DIR": str(self.folder / "data"), "OUTPUT_DIR": str(self.folder / "output")}
            self.environ = (
                dict(os.environ)
                | {row.name: row.default for row in SETTINGS}
                | own
                | {"PYTHONPATH": str(REPOSITORY)}
            )
            os.environ.update(self.environ)
            self.settings: Settings = use_settings(read_settings(None))
            workers.__path__.append(str(TASKS))
            self._stack.callback(workers.__path__.remove, str(TASKS))
            broker = EmbeddedBroker(self.settings)
            self._stack.callback(broker.stop)
            if not broker.keep():
                raise BenchError("another process runs a broker in the folder of this run")
            try:
                broker.start()
            except EmbeddedBrokerError as error:
                raise BenchError(str(error)) from error
            self.url = broker_url(self.settings)
            self.client = web_client(self.settings)
            if self.scale.is_quick:
                # The start of a web process takes more processor time than a quick measurement.
                group = ProcessGroup(self.environ | {"WEB_PROCESSES": "1"}, self.folder)
                self._shared = SharedWeb(self._stack.enter_context(group))
            # Everything was set up; keep it until __exit__.
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with signals_ignored():
            self._stack.close()

    def process_group(self) -> ProcessGroup:
        return ProcessGroup(self.environ, self.folder, self._shared)

    def database(self, number: int) -> Any:
        """Return a client for another database of the broker."""
        return web_client(self.settings.with_values(redis_url=f"{self.url}?db={number}"))

    def flush(self) -> None:
        """Delete all data of the broker."""
        # This client has no timeout: hundreds of thousands of jobs take more than a second.
        with subscription_client(self.settings) as client:
            client.execute_command("FLUSHALL", "SYNC")

    def counts(self) -> Counts:
        """Return the counters; this call is one command and one read, which the next call includes."""
        info = self.client.info()
        return Counts(
            info["total_commands_processed"], info["total_reads_processed"], info["used_memory"]
        )

    def in_turns(self, names: Sequence[str], what: str) -> Iterator[str]:
        """Yield each name once per round, in alternating order to balance effects of the order."""
        for number in range(self.scale.rounds):
            for name in names if number % 2 == 0 else reversed(names):
                self.progress(f"{what}, round {number + 1} of {self.scale.rounds}: {name}")
                yield name


def our_worker() -> list[str]:
    """Return the command of the product's worker. The supervisor's workers would not have the additional tasks."""
    return [sys.executable, "-c", ENTRY.format(module="workers.__main__"), str(TASKS), "--single"]


def stock_worker(url: str, *options: str) -> list[str]:
    """Return the command of RQ's worker on the same queue."""
    return [
        sys.executable,
        "-c",
        ENTRY.format(module="rq.cli"),
        str(TASKS),
        "worker",
        "-u",
        url,
        *options,
        QUEUE,
    ]


def start_web(group: ProcessGroup, target: str, folder: Path = REPOSITORY, **environ: str) -> int:
    """Start gunicorn with the configuration of the sources in `folder`; return the port once it responds."""
    if group.shared is not None:
        ports = group.shared.ports
        if target not in ports:
            ports[target] = start_web(group.shared.group, target, folder)
        return ports[target]
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", str(folder / "gunicorn.conf.py")]
    gunicorn += ["--chdir", str(folder)]
    return start_server(
        group, lambda port: [*gunicorn, "--bind", f"127.0.0.1:{port}", target], target, **environ
    )


def start_server(
    group: ProcessGroup, command: Callable[[int], Sequence[str]], what: str, **environ: str
) -> int:
    """Start an HTTP server on a free port of 127.0.0.1; return the port once it responds."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    group.start(command(port), **environ)
    wait_until(lambda: _responds(port), group, f"a response of {what}")
    return port


def wait_until(
    condition: Callable[[], object],
    group: ProcessGroup,
    what: str,
    *,
    seconds: float = START_TIMEOUT_S,
) -> None:
    """Wait until `condition()` is true; raise BenchError after a timeout or if a process ends."""
    deadline = time.monotonic() + seconds
    while not condition():
        group.check()
        if time.monotonic() > deadline:
            raise BenchError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.01)


def _responds(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True
