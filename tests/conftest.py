"""Shared fixtures: settings and folders per test, a real broker per process, and the real worker."""

from __future__ import annotations

import gc
import importlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling

import workers
from components.http.long_connections import LiveConnections
from libraries.broker.embedded import EmbeddedBroker
from libraries.settings import SETTINGS, Settings, read_settings, reset_settings, use_settings
from libraries.worker.worker import VectorWorker
from tests.brokers import SharedBroker
from tests.cleanup import TemporaryRoot, end_with_parent
from tests.forked import import_late, start_python

REPOSITORY = Path(__file__).parent.parent
PROBES = Path(__file__).parent / "probes"
MACHINE_PATH = os.environ["PATH"]
# Optional programs of the product. Tests that need one add it to PATH.
OPTIONAL_PROGRAMS = ("apertium",)
# Folders whose tests share a service, which is started once if one process runs all of them.
RUN_BY_ONE_PROCESS = ("browser/", "live/")
# The slowest folders and modules, in this order.
SLOWEST_FIRST = (
    *RUN_BY_ONE_PROCESS,
    "faults/test_worker_deaths",
    "faults/test_storms",
    "test_bench",
    "journeys/",
    "docs/",
    "faults/",
    "extension/",
    "deployment/",
    "libraries/patterns/test_every_pattern",
    "test_cleanup",
    "libraries/worker/",
    "components/jobs/",
    "components/http/",
    "components/",
    "libraries/storage/",
    "libraries/gallery/",
    "libraries/job_manager/",
    "workers/",
)
RUN_WORKER = "import sys, workers; workers.__path__.append(sys.argv.pop(1)); from workers.__main__ import main; sys.exit(main())"


# The duration of an example depends on the load of the machine.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


def until(
    condition: Callable[[], object], *, seconds: float = 10.0, what: str = "the condition"
) -> None:
    """Wait until `condition()` is true; fail after `seconds`, on a busy machine up to a minute later."""
    waited, latest = Stopwatch(), time.monotonic() + seconds + 60
    while not condition():
        if waited.seconds() > seconds or time.monotonic() > latest:
            pytest.fail(f"{what} did not come true in {seconds} s")
        time.sleep(0.01)


def files_below(folder: Path, ending: str) -> list[str]:
    """Return the names of files with an ending; a folder may be deleted meanwhile, unlike with Path.rglob."""
    return [name for _, _, names in os.walk(folder) for name in names if name.endswith(ending)]


def copy_folder(source: Path, target: Path, *ignored: str) -> None:
    """Copy a folder of sources with its compiled modules, which other processes may be writing."""
    ignore = shutil.ignore_patterns("*.pyc.*", *ignored)
    shutil.copytree(source, target, ignore=ignore, dirs_exist_ok=True)


class Stopwatch:
    """Measures the time since its creation, without the time in which processes waited for a processor.

    Limits in seconds hold on an otherwise idle machine.
    """

    def __init__(self) -> None:
        self._began, self._waited = time.monotonic(), self._waiting()

    def seconds(self) -> float:
        """Return the elapsed seconds without waiting times."""
        return time.monotonic() - self._began - (self._waiting() - self._waited)

    @staticmethod
    def _waiting() -> float:
        """Return the seconds since boot in which a process waited for a processor; 0 if unknown."""
        with suppress(OSError):
            # Linux, pressure stall information: some avg10=0.00 avg60=0.00 avg300=0.00 total=12345, in microseconds.
            return (
                int(Path("/proc/pressure/cpu").read_text().split("total=", 1)[1].split()[0]) / 1e6
            )
        return 0.0


class _Collecting:
    started_at = seconds = 0.0


def _note_collection(phase: str, _: dict[str, int]) -> None:
    if phase == "start":
        _Collecting.started_at = time.thread_time()
    else:
        _Collecting.seconds += time.thread_time() - _Collecting.started_at


gc.callbacks.append(_note_collection)


def own_seconds() -> float:
    """Return the processor time of this thread in seconds, without that of garbage collection.

    A collection takes up to a third of a second after many tests.
    """
    return time.thread_time() - _Collecting.seconds


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the golden files instead of comparing with them",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Give each test process a temporary root, which is deleted when it ends."""
    runs_tests = hasattr(config, "workerinput") or not config.getoption("numprocesses", None)
    if hasattr(config, "workerinput"):
        end_with_parent()
    if runs_tests:
        root = TemporaryRoot()
        config.add_cleanup(root.close)
        os.environ["PATH"] = path_without(OPTIONAL_PROGRAMS, MACHINE_PATH, root.path)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Collect without garbage collection, which takes a third of the time; the result stays exempt from it."""
    gc.disable()
    if hasattr(session.config, "workerinput"):
        _import_part(session.config)
    yield
    gc.enable()
    gc.freeze()
    session.config.add_cleanup(gc.unfreeze)


def _import_part(config: pytest.Config) -> None:
    """Import other test modules than the other processes do, so that each is compiled by one of them.

    Compiling them, with details for failed assertions, takes longer than the rest of the collection.
    """
    number = int(config.workerinput["workerid"].removeprefix("gw"))  # type: ignore[attr-defined]
    count = int(config.workerinput["workercount"])  # type: ignore[attr-defined]
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        for path in sorted((REPOSITORY / "tests").rglob("test_*.py"))[number::count]:
            name = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
            # The collection reports what goes wrong.
            with suppress(Exception, pytest.skip.Exception):
                importlib.import_module(name)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slowest tests first, so that all processes end at about the same time."""

    def rank(item: pytest.Item) -> int:
        module = item.nodeid.removeprefix("tests/")
        matches = (index for index, name in enumerate(SLOWEST_FIRST) if module.startswith(name))
        return next(matches, len(SLOWEST_FIRST))

    items.sort(key=rank)


class _WholeFolders(LoadFileScheduling):  # type: ignore[misc]
    """Gives each test process whole modules, and whole folders of `RUN_BY_ONE_PROCESS`."""

    def _split_scope(self, nodeid: str) -> str:
        folders = (one for one in RUN_BY_ONE_PROCESS if nodeid.startswith(f"tests/{one}"))
        return next(folders, None) or str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling | None:
    return _WholeFolders(config, log) if config.getoption("dist") == "loadfile" else None


def path_without(programs: Sequence[str], path: str, root: Path) -> str:
    """Return `path` without `programs`; a folder that contains one is replaced by a folder of links in `root`."""
    folders = [Path(folder) for folder in path.split(os.pathsep)]
    for index, folder in enumerate(folders):
        if any((folder / program).exists() for program in programs):
            folders[index] = Path(tempfile.mkdtemp(prefix="path-", dir=root))
            for entry in folder.iterdir():
                if entry.name not in programs:
                    (folders[index] / entry.name).symlink_to(entry)
    return os.pathsep.join(map(str, folders))


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name long bytes by their length: compressed data may contain the time, and test names must be stable."""
    return f"{len(val)} bytes" if isinstance(val, bytes) and len(val) > 40 else None


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Return whether to write the golden files instead of comparing with them."""
    return bool(request.config.getoption("--update-golden"))


def system_program(name: str, package: str) -> str:
    """Return the path of a system program; without it a test is skipped locally and fails in CI."""
    path = shutil.which(name)
    if path is None:
        reason = f"needs {name}; install the system's package {package}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture
def home() -> Iterator[Path]:
    """A temporary folder with a path short enough for a unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="va-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def environ_in(home: Path) -> dict[str, str]:
    """Return the environment of a process that uses only folders in `home`."""
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
    # Without the shipped schedules, whose jobs would disturb a test at night.
    return (
        kept
        | folders
        | {"SCHEDULES": os.devnull, "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}
    )


@pytest.fixture
def environ(home: Path) -> dict[str, str]:
    """The environment of a process that uses only the folders of this test."""
    return environ_in(home)


@pytest.fixture
def settings(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The settings of this test and of the test process. No broker runs yet."""
    for row in SETTINGS:
        monkeypatch.delenv(row.name, raising=False)
    folders = ("DATA_DIR", "OUTPUT_DIR", "UPLOAD_DIR")
    for name in folders:
        monkeypatch.setenv(name, environ[name])
    yield use_settings(
        _default_settings().with_values(**{name.lower(): Path(environ[name]) for name in folders})
    )
    reset_settings()


@lru_cache(maxsize=1)
def _default_settings() -> Settings:
    """Return what `read_settings` returns for unset variables, which takes a millisecond."""
    return read_settings(None)


@pytest.fixture(scope="session")
def shared_broker() -> Iterator[SharedBroker]:
    """The broker of this test process."""
    folder = Path(tempfile.mkdtemp(prefix="va-"))
    server = SharedBroker(read_settings(None).with_values(data_dir=folder / "data"))
    yield server
    server.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def broker(
    request: pytest.FixtureRequest, settings: Settings
) -> Iterator[EmbeddedBroker | SharedBroker]:
    """An empty broker at the address in `settings`: the shared one, or the private one of this test."""
    if "private_broker" in request.fixturenames:
        yield request.getfixturevalue("private_broker")
        return
    server: SharedBroker = request.getfixturevalue("shared_broker")
    server.lend(settings.broker.data_dir)
    _Lent.server = server
    yield server


@pytest.fixture
def private_broker(settings: Settings) -> Iterator[EmbeddedBroker]:
    """A broker for a test that stops, kills or reconfigures it, or checks its process or files."""
    server = EmbeddedBroker(settings)
    assert server.keep()
    server.start()
    yield server
    server.stop()


class _Lent:
    """The shared broker during the teardown of a test that used it."""

    server: SharedBroker | None = None


@pytest.fixture(autouse=True)
def nothing_follows_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close the long-lived connections of the applications of a test; fail if a client still waits for messages."""
    made: list[LiveConnections] = []

    def remembered(*args: Any) -> LiveConnections:
        made.append(LiveConnections(*args))
        return made[-1]

    monkeypatch.setattr("components.http.long_connections.LiveConnections", remembered)
    yield
    for one in made:
        one.close()
    server, _Lent.server = _Lent.server, None
    waiting = server.still_waiting() if server else []
    assert not waiting, f"still waiting for messages after the test: {waiting}"


@pytest.fixture
def probe_tasks() -> Iterator[None]:
    """Add the tasks of tests/probes to those of the product."""
    workers.__path__.append(str(PROBES))
    yield
    workers.__path__.remove(str(PROBES))


@pytest.fixture
def run_jobs(broker: EmbeddedBroker, settings: Settings) -> Callable[[], None]:
    """Return a function that runs the worker in this process until the queue is empty."""

    import_late()

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
    """A `python -m workers` process with the tasks of tests/probes."""

    def __init__(self, environ: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as sink:
            self.process = start_python(
                "-c",
                RUN_WORKER,
                str(PROBES),
                "--single",
                environ=environ,
                output=sink,
            )

    def output(self) -> str:
        """Return the log so far."""
        return self.log.read_text()

    def wait_until_listening(self) -> WorkerProcess:
        """Wait until the worker takes jobs."""
        until(
            lambda: "Listening on" in self.output() or self.process.poll() is not None,
            seconds=30,
            what="a listening worker",
        )
        assert self.process.poll() is None, self.output()
        return self

    def stop(self, number: int = signal.SIGTERM, *, seconds: float = 10.0) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


@pytest.fixture
def start_worker(
    broker: EmbeddedBroker, environ: dict[str, str], home: Path
) -> Iterator[Callable[..., WorkerProcess]]:
    """Return a function that starts a worker process, which is killed after the test."""
    started: list[WorkerProcess] = []

    def start(**more: str) -> WorkerProcess:
        log = home / f"worker{len(started)}.log"
        started.append(WorkerProcess(environ | more, log))
        return started[-1].wait_until_listening()

    yield start
    for worker in started:
        worker.process.kill()
        worker.process.wait()
