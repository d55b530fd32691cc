"""What all tests share: settings of their own, a real broker of their own, and the real worker."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import hypothesis
import pytest

import workers
from components.http.long_connections import LiveConnections
from libraries.broker.embedded import EmbeddedBroker
from libraries.settings import SETTINGS, Settings, forget_settings, read_settings, use_settings
from libraries.worker.worker import VectorWorker

REPOSITORY = Path(__file__).parent.parent
PROBES = Path(__file__).parent / "probes"
RUN_WORKER = "import sys, workers; workers.__path__.append(sys.argv.pop(1)); from workers.__main__ import main; sys.exit(main())"


# How long an example takes says what else the machine does.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


def until(
    condition: Callable[[], object], *, seconds: float = 10.0, what: str = "the condition"
) -> None:
    """Wait until `condition()` is true; fail when it is not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come true in {seconds} s")
        time.sleep(0.01)


class Stopwatch:
    """Measures from when it is made, and leaves out the time in which some process had to wait for a processor.

    What a test says of seconds is a promise of the product, and holds on a machine that is not busy with something else.
    """

    def __init__(self) -> None:
        """Start."""
        self._began, self._waited = time.monotonic(), self._waiting()

    def seconds(self) -> float:
        """Return how many seconds have gone by, without those of waiting."""
        return time.monotonic() - self._began - (self._waiting() - self._waited)

    @staticmethod
    def _waiting() -> float:
        """Return the seconds since the machine was started in which a process waited for a processor; 0 if it does not tell."""
        with suppress(OSError):
            # Linux, pressure stall information: some avg10=0.00 avg60=0.00 avg300=0.00 total=12345, in microseconds.
            return (
                int(Path("/proc/pressure/cpu").read_text().split("total=", 1)[1].split()[0]) / 1e6
            )
        return 0.0


class _Collecting:
    began = seconds = 0.0


def _note_collection(phase: str, _: dict[str, int]) -> None:
    if phase == "start":
        _Collecting.began = time.thread_time()
    else:
        _Collecting.seconds += time.thread_time() - _Collecting.began


gc.callbacks.append(_note_collection)


def own_seconds() -> float:
    """Return the processor time of this thread in seconds, without that of garbage collection.

    The more tests a process has run, the more it has to look through: a third of a second, at a moment of chance.
    """
    return time.thread_time() - _Collecting.seconds


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the golden files anew instead of comparing with them",
    )


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name long bytes by their length: what a compressor wrote may hold the time, and all processes must name a test alike."""
    return f"{len(val)} bytes" if isinstance(val, bytes) and len(val) > 40 else None


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether this run is to write the golden files instead of comparing with them."""
    return bool(request.config.getoption("--update-golden"))


def system_program(name: str, package: str) -> str:
    """The path of a program from the system's packages; a test that misses it is skipped on a laptop and fails in CI."""
    path = shutil.which(name)
    if path is None:
        reason = f"needs {name}; install the system's package {package}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder of the test's own, with a path short enough for a unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="va-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def environ(home: Path) -> dict[str, str]:
    """The environment for a process of the product that is to use this test's folders, and no others."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {row.name for row in SETTINGS}
    }
    folders = {
        "DATA_DIR": str(home / "data"),
        "OUTPUT_DIR": str(home / "output"),
        "UPLOAD_DIR": str(home / "uploads"),
    }
    # Without the schedules that are shipped: a test that runs at night is to have its own jobs and no others.
    return (
        kept
        | folders
        | {"SCHEDULES": os.devnull, "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}
    )


@pytest.fixture
def settings(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The settings of this test, in force for the test process. No broker runs yet."""
    for row in SETTINGS:
        monkeypatch.delenv(row.name, raising=False)
    for name in ("DATA_DIR", "OUTPUT_DIR", "UPLOAD_DIR"):
        monkeypatch.setenv(name, environ[name])
    yield use_settings(read_settings(None))
    forget_settings()


@pytest.fixture
def broker(settings: Settings) -> Iterator[EmbeddedBroker]:
    """A real broker of this test's own, on a private socket."""
    server = EmbeddedBroker(settings)
    assert server.keep()
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def nobody_follows_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let applications that a test made end with it, with the threads that serve whoever follows a job."""
    made: list[LiveConnections] = []

    def remembered(*args: Any) -> LiveConnections:
        made.append(LiveConnections(*args))
        return made[-1]

    monkeypatch.setattr("components.http.long_connections.LiveConnections", remembered)
    yield
    for one in made:
        one.close()


@pytest.fixture
def probe_tasks() -> Iterator[None]:
    """Make the tasks of tests/probes known beside the product's own."""
    workers.__path__.append(str(PROBES))
    yield
    workers.__path__.remove(str(PROBES))


@pytest.fixture
def run_jobs(broker: EmbeddedBroker, settings: Settings) -> Callable[[], None]:
    """A function that runs the real worker in this process until the queue is empty."""

    def run() -> None:
        before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
        worker = VectorWorker(settings)
        try:
            worker.work(burst=True, logging_level="WARNING")
        finally:
            worker.connection.close()
            for number, handler in before:
                signal.signal(number, handler)

    return run


class WorkerProcess:
    """A real `python -m workers` process that also knows the tasks of tests/probes."""

    def __init__(self, environ: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN_WORKER, str(PROBES), "--single"],
                env=environ,
                cwd=REPOSITORY,
                stdout=sink,
                stderr=sink,
            )

    def said(self) -> str:
        """Everything it has logged so far."""
        return self.log.read_text()

    def wait_until_listening(self) -> WorkerProcess:
        """Wait until it takes jobs."""
        until(
            lambda: "Listening on" in self.said() or self.process.poll() is not None,
            seconds=30,
            what="a listening worker",
        )
        assert self.process.poll() is None, self.said()
        return self

    def stop(self, number: int = signal.SIGTERM, *, seconds: float = 10.0) -> int:
        """Send a signal, wait for the end, return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


@pytest.fixture
def start_worker(
    broker: EmbeddedBroker, environ: dict[str, str], home: Path
) -> Iterator[Callable[..., WorkerProcess]]:
    """A function that starts a real worker process; what still runs at the end of the test is killed."""
    started: list[WorkerProcess] = []

    def start(**more: str) -> WorkerProcess:
        started.append(WorkerProcess(environ | more, home / f"worker{len(started)}.log"))
        return started[-1].wait_until_listening()

    yield start
    for worker in started:
        worker.process.kill()
        worker.process.wait()
