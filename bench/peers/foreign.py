"""Other queue systems, each in a virtual environment of its own, on the run's broker over its socket.

What has to run inside such an environment lies in `sides/`: the module that declares the task, and one script that queues.
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

from bench.machinery import Bench, BenchTrouble, Crew
from bench.peers.peer import Peer

SIDES = Path(__file__).resolve().parent / "sides"
INSTALL_PATIENCE = 600
QUEUE_PATIENCE = 120
# Results go to a database of their own, so that their number is one question.
RESULTS = 1


def cache_folder() -> Path:
    """Return the folder of the peers' environments; it is outside of the project and may be deleted at any time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vector-api-bench"


class Environment:
    """A virtual environment with the packages of one peer, made once and kept."""

    def __init__(self, name: str, requirements: Sequence[str]) -> None:
        """Know it by `name`, a folder of the cache."""
        self._home = cache_folder() / name
        self._requirements = list(requirements)

    def prepare(self, say: Callable[[str], None]) -> None:
        """Make the environment, unless an earlier run did.

        Raises:
            BenchTrouble: the packages cannot be installed.
        """
        wanted, stamp = "\n".join(self._requirements), self._home / "requirements.txt"
        if stamp.exists() and stamp.read_text() == wanted:
            return
        say(f"installing {', '.join(self._requirements)} into {self._home}")
        pip = [
            self.program("python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *self._requirements,
        ]
        for command in ([sys.executable, "-m", "venv", "--clear", str(self._home)], pip):
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=INSTALL_PATIENCE
            )
            if done.returncode != 0:
                last = (done.stderr or done.stdout).strip().splitlines()[-1:]
                raise BenchTrouble(f"its packages could not be installed: {' '.join(last)}")
        stamp.write_text(wanted)

    def program(self, name: str) -> str:
        """Return the path of a program in the environment."""
        return str(self._home / "bin" / name)


class ForeignPeer(Peer):
    """A queue system that is installed for the benchmark only.

    Attributes:
        side: the module in `sides/` that declares its task.
        requirements: what to install.
    """

    side: ClassVar[str]
    requirements: ClassVar[list[str]]
    jobs_factor = 10

    def __init__(self, bench: Bench) -> None:
        """Use the environment of the side."""
        super().__init__(bench)
        self._environment = Environment(self.side, self.requirements)

    def prepare(self) -> None:
        """Make the environment, unless an earlier run did.

        Raises:
            BenchTrouble: the packages cannot be installed.
        """
        self._environment.prepare(self.bench.say)

    def enqueue(self, jobs: int) -> None:
        """Queue no-ops from a process in the peer's environment."""
        self._side("enqueue", jobs)

    def idle_latency(self, jobs: int) -> list[float]:
        """Queue jobs one by one from a process in the peer's environment, and look for each result as the peer offers it."""
        waits: list[float] = json.loads(self._side("latency", jobs))
        return waits

    def start(self, crew: Crew, workers: int) -> None:
        """Start the peer's own command."""
        crew.start(self.command(workers), **self.environ())

    @abstractmethod
    def command(self, workers: int) -> list[str]:
        """Return the command that starts `workers`."""

    def done(self) -> int:
        """Return the number of results."""
        return int(self.bench.database(RESULTS).dbsize())

    def environ(self) -> dict[str, str]:
        """Return what the side has to know: where the broker is, and a folder for files."""
        folder = self.bench.folder / self.side
        folder.mkdir(exist_ok=True)
        return {
            "PYTHONPATH": str(SIDES),
            "PYTHONDONTWRITEBYTECODE": "1",
            "BENCH_SOCKET": self.bench.url.removeprefix("unix://"),
            "BENCH_FOLDER": str(folder),
        }

    def program(self, name: str) -> str:
        """Return the path of a program in the peer's environment."""
        return self._environment.program(name)

    def _side(self, act: str, jobs: int) -> str:
        command = [self.program("python"), str(SIDES / "produce.py"), self.side, act, str(jobs)]
        environ = self.bench.environ | self.environ()
        try:
            done = subprocess.run(
                command,
                env=environ,
                cwd=SIDES,
                capture_output=True,
                text=True,
                check=False,
                timeout=QUEUE_PATIENCE,
            )
        except subprocess.TimeoutExpired:
            raise BenchTrouble(
                f"{self.name} did not {act} {jobs} jobs in {QUEUE_PATIENCE} s"
            ) from None
        if done.returncode != 0:
            raise BenchTrouble(f"{self.name} could not {act}: {done.stderr[-1000:]}")
        return done.stdout


class Celery(ForeignPeer):
    """Celery with processes, its default."""

    name = "celery prefork"
    note = (
        "5.7.0, prefork, results in the broker, prefetch 64 as its guide advises for short tasks; takes a job off the queue "
        "before running it, so a killed worker loses it"
    )
    side = "celery_side"
    requirements: ClassVar[list[str]] = ["celery[redis]==5.7.0", "hiredis"]

    def command(self, workers: int) -> list[str]:
        """Return the command of one worker with that many processes."""
        options = [
            "--pool=prefork",
            f"--concurrency={workers}",
            "--loglevel=WARNING",
            "--without-gossip",
            "--without-mingle",
        ]
        return [self.program("celery"), "-A", self.side, "worker", *options]


class Dramatiq(ForeignPeer):
    """Dramatiq with its default of eight threads a process, and results."""

    name = "dramatiq"
    note = "2.2.1, eight threads a process (its default), results in the broker; jobs share a process and cannot be killed alone"
    side = "dramatiq_side"
    requirements: ClassVar[list[str]] = ["dramatiq[redis]==2.2.1", "hiredis"]

    def command(self, workers: int) -> list[str]:
        """Return the command of that many processes."""
        return [self.program("dramatiq"), self.side, "--processes", str(workers), "--threads", "8"]


class HueyRedis(ForeignPeer):
    """Huey with processes."""

    name = "huey, Redis"
    note = "3.5.4, `-k process`; takes a job off the queue before running it, so a killed worker loses it"
    side = "huey_redis_side"
    requirements: ClassVar[list[str]] = ["huey==3.5.4", "redis", "hiredis"]

    def command(self, workers: int) -> list[str]:
        """Return the command of one consumer with that many processes."""
        return [
            self.program("huey_consumer"),
            f"{self.side}.huey",
            "-k",
            "process",
            "-w",
            str(workers),
            "-q",
        ]

    def done(self) -> int:
        """Return the number of results."""
        return int(self.bench.client.hlen("huey.results.bench"))


class HueySqlite(HueyRedis):
    """Huey with processes, its queue a file instead of a broker."""

    name = "huey, SQLite"
    note = "3.5.4, `-k process`; queue and results in a file in the run's folder, not synced (its default)"
    side = "huey_sqlite_side"
    requirements: ClassVar[list[str]] = ["huey==3.5.4"]
    on_broker = False

    def forget(self) -> None:
        """Drop the file."""
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
        "0.13.0 with taskiq-redis 1.2.4, a list as the queue, results in the broker; jobs share a process and cannot be killed "
        "alone, and one that is taken is lost with its worker"
    )
    side = "taskiq_side"
    requirements: ClassVar[list[str]] = ["taskiq==0.13.0", "taskiq-redis==1.2.4", "hiredis"]

    def command(self, workers: int) -> list[str]:
        """Return the command of that many processes."""
        return [
            self.program("taskiq"),
            "worker",
            f"{self.side}:broker",
            "--workers",
            str(workers),
            "--log-level",
            "WARNING",
        ]


PEERS = (Celery, Dramatiq, HueyRedis, HueySqlite, Taskiq)
