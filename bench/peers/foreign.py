"""Other queue systems, each in a separate virtual environment, connected to the broker of the run over its unix socket.

The code that runs in these environments is in `adapters/`: for each system a module that declares the task, and one script that
queues jobs.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from bench.machinery import Bench, BenchError, ProcessGroup
from bench.peers.peer import Peer

ADAPTERS = Path(__file__).resolve().parent / "adapters"
INSTALL_TIMEOUT_S = 600
QUEUE_TIMEOUT_S = 120
# Results have a separate database, so that DBSIZE counts them.
RESULTS = 1


def cache_folder() -> Path:
    """Return the folder of the virtual environments; it may be deleted at any time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vector-api-bench"


class Environment:
    """A virtual environment with pinned packages that is created once and reused."""

    def __init__(self, name: str, requirements: Sequence[str]) -> None:
        self._home = cache_folder() / name
        self._requirements = list(requirements)

    def prepare(self, progress: Callable[[str], None]) -> None:
        """Create the environment, unless an earlier run did; raise BenchError if that fails."""
        wanted, stamp = "\n".join(self._requirements), self._home / "requirements.txt"
        if stamp.exists() and stamp.read_text() == wanted:
            return
        progress(f"installing {', '.join(self._requirements)} into {self._home}")
        pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(self._home)],
            [self.program("python"), *pip, *self._requirements],
        ):
            try:
                subprocess.run(
                    command, capture_output=True, text=True, check=True, timeout=INSTALL_TIMEOUT_S
                )
            except subprocess.CalledProcessError as error:
                last = (error.stderr or error.stdout).strip().splitlines()[-1:]
                raise BenchError(f"its packages could not be installed: {' '.join(last)}") from None
            except (OSError, subprocess.TimeoutExpired) as error:
                raise BenchError(f"its packages could not be installed: {error}") from error
        stamp.write_text(wanted)

    def program(self, name: str) -> str:
        return str(self._home / "bin" / name)


class Installed:
    """Mixin for software that is only installed for the benchmark.

    Attributes:
        adapter: module in `adapters/`.
        requirements: packages to install.
    """

    adapter: ClassVar[str]
    requirements: ClassVar[list[str]]
    bench: Bench

    def prepare(self) -> None:
        """Install the packages, unless an earlier run did."""
        Environment(self.adapter, self.requirements).prepare(self.bench.progress)

    def program(self, name: str) -> str:
        return Environment(self.adapter, self.requirements).program(name)


class ForeignPeer(Installed, Peer):
    """A queue system in its own environment."""

    jobs_factor = 10

    def enqueue(self, jobs: int) -> None:
        """Queue no-ops from a process in the environment."""
        self._adapter("enqueue", jobs)

    def idle_latency(self, jobs: int) -> list[float]:
        """Queue jobs one by one from a process in the environment, and poll for each result."""
        waits: list[float] = json.loads(self._adapter("latency", jobs))
        return waits

    def start(self, group: ProcessGroup, workers: int) -> None:
        """Start the worker command of the queue system."""
        group.start(self.command(workers), **self.environ())

    @abstractmethod
    def command(self, workers: int) -> list[str]:
        """Return the command that starts `workers`."""

    def done(self) -> int:
        """Return the number of results."""
        return int(self.bench.database(RESULTS).dbsize())

    def environ(self) -> dict[str, str]:
        """Return the environment variables of the adapter."""
        folder = self.bench.folder / self.adapter
        folder.mkdir(exist_ok=True)
        return {
            "PYTHONPATH": str(ADAPTERS),
            "PYTHONDONTWRITEBYTECODE": "1",
            "BENCH_SOCKET": self.bench.url.removeprefix("unix://"),
            "BENCH_FOLDER": str(folder),
        }

    def _adapter(self, action: str, jobs: int) -> str:
        command = [
            self.program("python"),
            str(ADAPTERS / "produce.py"),
            self.adapter,
            action,
            str(jobs),
        ]
        environ = self.bench.environ | self.environ()
        try:
            done = subprocess.run(
                command,
                env=environ,
                cwd=ADAPTERS,
                capture_output=True,
                text=True,
                check=False,
                timeout=QUEUE_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            raise BenchError(
                f"{self.name}: {action} of {jobs} jobs did not finish in {QUEUE_TIMEOUT_S} s"
            ) from None
        if done.returncode != 0:
            raise BenchError(f"{self.name}: {action} failed: {done.stderr[-1000:]}")
        return done.stdout


class Celery(ForeignPeer):
    """Celery with its default pool of processes."""

    name = "celery prefork"
    note = (
        "5.7.0, prefork, results in the broker, prefetch 64 as documented for short tasks; acknowledges jobs before running "
        "them, so a killed worker loses them"
    )
    adapter = "celery_adapter"
    requirements: ClassVar[list[str]] = ["celery[redis]==5.7.0", "hiredis"]

    def command(self, workers: int) -> list[str]:
        """Return the command of one worker with that many processes."""
        options = f"--pool=prefork --concurrency={workers} --loglevel=WARNING --without-gossip --without-mingle"
        return [self.program("celery"), "-A", self.adapter, "worker", *options.split()]


class Dramatiq(ForeignPeer):
    """Dramatiq with its default of eight threads per process, and results."""

    name = "dramatiq"
    note = "2.2.1, eight threads per process (its default), results in the broker; jobs share a process and cannot be killed separately"
    adapter = "dramatiq_adapter"
    requirements: ClassVar[list[str]] = ["dramatiq[redis]==2.2.1", "hiredis"]

    def command(self, workers: int) -> list[str]:
        """Return the command of that many processes."""
        return [
            self.program("dramatiq"),
            self.adapter,
            "--processes",
            str(workers),
            "--threads",
            "8",
        ]


class HueyRedis(ForeignPeer):
    """Huey with processes."""

    name = "huey, Redis"
    note = "3.5.4, `-k process`; removes a job from the queue before running it, so a killed worker loses it"
    adapter = "huey_redis_adapter"
    requirements: ClassVar[list[str]] = ["huey==3.5.4", "redis", "hiredis"]

    def command(self, workers: int) -> list[str]:
        """Return the command of one consumer with that many processes."""
        options = f"{self.adapter}.huey -k process -w {workers} -q"
        return [self.program("huey_consumer"), *options.split()]

    def done(self) -> int:
        """Return the number of results."""
        return int(self.bench.client.hlen("huey.results.bench"))


class HueySqlite(HueyRedis):
    """Huey with processes and a queue in a file."""

    name = "huey, SQLite"
    note = "3.5.4, `-k process`; queue and results in an SQLite file without fsync (its default)"
    adapter = "huey_sqlite_adapter"
    requirements: ClassVar[list[str]] = ["huey==3.5.4"]
    on_broker = False

    def flush(self) -> None:
        """Delete the file."""
        for path in self._file.parent.glob(f"{self._file.name}*"):
            path.unlink()

    def done(self) -> int:
        """Return the number of results in the file."""
        if not self._file.exists():
            return 0
        with contextlib.closing(
            sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, timeout=10)
        ) as file:
            return int(file.execute("SELECT count(*) FROM kv").fetchone()[0])

    @property
    def _file(self) -> Path:
        return Path(self.environ()["BENCH_FOLDER"]) / "huey.db"


class Taskiq(ForeignPeer):
    """Taskiq with a Redis list and results."""

    name = "taskiq"
    note = (
        "0.13.0 with taskiq-redis 1.2.4, a list as the queue, results in the broker; jobs share a process, cannot be killed "
        "separately, and are lost with their worker"
    )
    adapter = "taskiq_adapter"
    requirements: ClassVar[list[str]] = ["taskiq==0.13.0", "taskiq-redis==1.2.4", "hiredis"]

    def command(self, workers: int) -> list[str]:
        """Return the command of that many processes."""
        options = f"worker {self.adapter}:broker --workers {workers} --log-level WARNING"
        return [self.program("taskiq"), *options.split()]


PEERS = (Celery, Dramatiq, HueyRedis, HueySqlite, Taskiq)
