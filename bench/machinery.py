"""What the sections share: a broker and folders of the run's own, processes that cannot get lost, and their accounts.

Linux only: the CPU time of a family of processes is read from /proc.
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
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import workers
from libraries.broker.connections import broker_url, web_client
from libraries.broker.embedded import EmbeddedBroker, EmbeddedBrokerError
from libraries.settings import SETTINGS, Settings, read_settings, use_settings

REPOSITORY = Path(__file__).resolve().parent.parent
TASKS = Path(__file__).resolve().parent / "tasks"
QUEUE = "background"
NO_OP = "workers.bench_tasks.nothing"
# Both workers are started through their real entry points, in a process that knows one more folder of tasks.
ENTRY = "import sys, workers; workers.__path__.append(sys.argv.pop(1)); from {module} import main; sys.exit(main())"
START_PATIENCE = 30.0
STOP_PATIENCE = 10.0
ANSWER_PATIENCE = 60.0
TICKS = os.sysconf("SC_CLK_TCK")


class BenchTrouble(Exception):
    """Raised when a measurement cannot go on; the text says which process let it down, and what it said last."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much to measure: rounds of taking turns, jobs, clients, events and requests a round, and seconds for what is a rate."""

    rounds: int
    posts: int
    idle_jobs: int
    pilot_jobs: int
    job_seconds: float
    fewest_jobs: int
    most_jobs: int
    poll_seconds: float
    held: tuple[int, ...]
    events: int
    ask_seconds: float


FULL = Scale(
    rounds=3,
    posts=40,
    idle_jobs=100,
    pilot_jobs=100,
    job_seconds=4.0,
    fewest_jobs=200,
    most_jobs=20_000,
    poll_seconds=3.0,
    held=(100, 300, 1000),
    events=10,
    ask_seconds=1.0,
)
QUICK = Scale(
    rounds=1,
    posts=2,
    idle_jobs=2,
    pilot_jobs=0,
    job_seconds=0.0,
    fewest_jobs=10,
    most_jobs=10,
    poll_seconds=0.2,
    held=(20,),
    events=2,
    ask_seconds=0.1,
)


class Process(NamedTuple):
    """A line of the kernel's table: which session a process belongs to, and the CPU seconds of it and its reaped children."""

    pid: int
    session: int
    cpu: float


def processes() -> Iterator[Process]:
    """Yield every process of the machine, those that have ended but are not reaped among them."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                # The name stands in brackets and may hold anything, so the fields are counted from its end.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                yield Process(int(entry.name), int(fields[3]), sum(map(int, fields[11:15])) / TICKS)


def proportional_bytes(pid: int) -> int:
    """Return the memory that a process has written to, each shared page divided by the number of its users.

    Pages of files, such as libraries, are left out: their shares shrink whenever anybody on the machine starts a process that
    uses them too. See Pss_Anon in https://docs.kernel.org/filesystems/proc.html.
    """
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss_Anon:"):
                return 1024 * int(line.split()[1])
    return 0


class Crew:
    """Processes that work together. Each leads a session of its own, so its children are found wherever they went."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        """Start processes with `environ`; what they say goes to files in `folder`."""
        self._environ = dict(environ)
        self._folder = folder
        self._members: list[tuple[subprocess.Popen[bytes], Path]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with undisturbed():
            self.stop()

    def start(self, command: Sequence[str], **environ: str) -> None:
        """Start a process in the project's folder."""
        self._start(command, environ, talks=False)

    def partner(self, command: Sequence[str], **environ: str) -> Partner:
        """Start a process that answers each line with a line, and return what to talk to it through."""
        return Partner(self._start(command, environ, talks=True), self)

    def _start(
        self, command: Sequence[str], environ: Mapping[str, str], *, talks: bool
    ) -> subprocess.Popen[bytes]:
        log = self._folder / f"log-{random.randbytes(6).hex()}"  # noqa: S311 - a name, no secret
        # A process that was started and is not on the list yet would be nobody's.
        with log.open("wb") as sink, held_back():
            process = subprocess.Popen(
                list(command),
                env=self._environ | dict(environ),
                cwd=REPOSITORY,
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else sink,
                stderr=sink if talks else subprocess.STDOUT,
                start_new_session=True,
            )
            self._members.append((process, log))
        return process

    def check(self) -> None:
        """See that every process still runs.

        Raises:
            BenchTrouble: one does not.
        """
        for process, log in self._members:
            if process.poll() is not None:
                parts = map(str, process.args)  # type: ignore[arg-type]
                command = " ".join(part for part in parts if "\n" not in part)[:200]
                raise BenchTrouble(
                    f"ended with exit code {process.returncode}: {command}\n{log.read_text()[-2000:]}"
                )

    def cpu(self) -> float:
        """Return the CPU seconds that the processes and all their descendants have used so far.

        The kernel rounds user and system time of each process down to 10 ms.
        """
        sessions = {process.pid for process, _ in self._members}
        return sum(process.cpu for process in processes() if process.session in sessions)

    def memory(self) -> int:
        """Return the bytes of memory of the processes and all their descendants; what they share is shared out among them."""
        sessions = {process.pid for process, _ in self._members}
        return sum(
            proportional_bytes(process.pid)
            for process in processes()
            if process.session in sessions
        )

    def stop(self) -> None:
        """Stop all of them, first kindly and then for good."""
        for process, _ in self._members:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_PATIENCE
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


class Partner:
    """A process of a crew that answers each line with a line."""

    def __init__(self, process: subprocess.Popen[bytes], crew: Crew) -> None:
        """Talk to a process that was started with pipes."""
        self._process = process
        self._crew = crew
        self._heard = b""

    def ask(self, line: str, *, seconds: float = ANSWER_PATIENCE) -> str:
        """Say a line and return the answer.

        Raises:
            BenchTrouble: the process has ended, or says nothing in time.
        """
        said, hears = self._process.stdin, self._process.stdout
        assert said is not None and hears is not None  # noqa: S101, PT018 - started with pipes
        with contextlib.suppress(BrokenPipeError):
            said.write(f"{line}\n".encode())
            said.flush()
        deadline = time.monotonic() + seconds
        while b"\n" not in self._heard:
            ready, _, _ = select.select([hears], [], [], max(deadline - time.monotonic(), 0))
            block = os.read(hears.fileno(), 1 << 16) if ready else b""
            if not block:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(1)
                self._crew.check()
                raise BenchTrouble(f"waited {seconds:.0f} s for an answer to {line!r}")
            self._heard += block
        answer, _, self._heard = self._heard.partition(b"\n")
        return answer.decode()


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let nobody interrupt the clearing up: a second Ctrl-C would leave processes behind."""
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
def held_back() -> Iterator[None]:
    """Let an interruption wait until the end of what must be done whole."""
    came: list[int] = []
    before = [
        (number, signal.signal(number, lambda number, _: came.append(number)))
        for number in (signal.SIGINT, signal.SIGTERM)
    ]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


class Counts(NamedTuple):
    """What the broker has counted so far: commands run, reads from sockets (about one a round trip), bytes of memory."""

    commands: int
    reads: int
    memory: int


class Bench:
    """One run: its folders, its settings, its broker. Nothing of it touches the user's own, and all of it goes at the end."""

    def __init__(
        self, scale: Scale, *, peers: bool = False, say: Callable[[str], None] = print
    ) -> None:
        """Measure as much as `scale` says, other queue systems too with `peers`, and report progress through `say`."""
        self.scale = scale
        self.peers = peers
        self.say = say
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with self._stack:
            self.folder = Path(tempfile.mkdtemp(prefix="va-bench-"))
            self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            # Every setting is given, so that neither the shell's variables nor an .env file decide what is measured.
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
                raise BenchTrouble("another process keeps a broker in a folder made for this run")
            try:
                broker.start()
            except EmbeddedBrokerError as trouble:
                raise BenchTrouble(str(trouble)) from trouble
            self.url = broker_url(self.settings)
            self.client = web_client(self.settings)
            # All is well: what was set up stays until __exit__.
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with undisturbed():
            self._stack.close()

    def crew(self) -> Crew:
        """Return a crew with the environment and folder of this run."""
        return Crew(self.environ, self.folder)

    def database(self, number: int) -> Any:
        """Return a client for another of the broker's databases."""
        return web_client(self.settings.with_values(redis_url=f"{self.url}?db={number}"))

    def forget(self) -> None:
        """Empty the broker."""
        self.client.execute_command("FLUSHALL", "SYNC")  # type: ignore[no-untyped-call]

    def counts(self) -> Counts:
        """Return the broker's counts; asking is one command and one read, counted from the next answer on."""
        told = self.client.info()
        return Counts(
            told["total_commands_processed"], told["total_reads_processed"], told["used_memory"]
        )

    def in_turns(self, names: Sequence[str], what: str) -> Iterator[str]:
        """Yield each name once a round; every other round runs backwards, so that none always follows the same one."""
        for number in range(self.scale.rounds):
            for name in names if number % 2 == 0 else reversed(names):
                self.say(f"{what}, round {number + 1} of {self.scale.rounds}: {name}")
                yield name


def our_worker() -> list[str]:
    """Return the command of the product's worker, without the supervisor, whose workers would not know the added tasks."""
    return [sys.executable, "-c", ENTRY.format(module="workers.__main__"), str(TASKS), "--single"]


def stock_worker(url: str, *options: str) -> list[str]:
    """Return the command of RQ's own worker on the same queue."""
    return [
        sys.executable,
        "-c",
        ENTRY.format(module="rq.cli"),
        str(TASKS),
        "worker",
        "-u",
        url,
        "-S",
        "json",
        *options,
        QUEUE,
    ]


def start_web(crew: Crew, target: str) -> int:
    """Start gunicorn with the product's configuration; return the port once it answers.

    Raises:
        BenchTrouble: it does not.
    """
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", str(REPOSITORY / "gunicorn.conf.py")]
    return start_server(
        crew, lambda port: [*gunicorn, "--bind", f"127.0.0.1:{port}", target], target
    )


def start_server(
    crew: Crew, command: Callable[[int], Sequence[str]], what: str, **environ: str
) -> int:
    """Start an HTTP server on a free port of this machine's own address; return the port once it answers.

    Raises:
        BenchTrouble: it does not.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    crew.start(command(port), **environ)
    wait_until(lambda: _answers(port), crew, f"an answer of {what}")
    return port


def wait_until(
    condition: Callable[[], object], crew: Crew, what: str, *, seconds: float = START_PATIENCE
) -> None:
    """Wait until `condition()` is true.

    Raises:
        BenchTrouble: it does not come true in time, or a process of the crew ended.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        crew.check()
        if time.monotonic() > deadline:
            raise BenchTrouble(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.01)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True
