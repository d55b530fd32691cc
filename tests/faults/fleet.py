"""Several real workers, and the ways to hurt them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.conftest import WorkerProcess, until


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still belong to it."""
    try:
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except FileNotFoundError:
        return []


def gone(pid: int) -> bool:
    """Tell whether a process is no more, or only waits for its parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def processes_of(mark: str, *, kind: str = "environ") -> list[int]:
    """The processes, other than this one, that were started with `mark` in their environment, or in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if int(entry.name) != os.getpid() and mark.encode() in (entry / kind).read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return [pid for pid in found if not gone(pid)]


class Fleet:
    """Workers that are started again when they end, as a supervisor does it; `endings` are the exit codes so far."""

    def __init__(self, environ: dict[str, str], home: Path, size: int) -> None:
        self._environ = environ
        self._home = home
        self._started = 0
        self.endings: list[int] = []
        self.workers = [self._start() for _ in range(size)]
        try:
            for worker in self.workers:
                worker.wait_until_listening()
        except BaseException:
            self.close()
            raise

    def _start(self) -> WorkerProcess:
        self._started += 1
        return WorkerProcess(self._environ, self._home / f"fleet{self._started}.log")

    def tend(self) -> None:
        """Start those again that have ended."""
        for place, worker in enumerate(self.workers):
            code = worker.process.poll()
            if code is not None:
                self.endings.append(code)
                self.workers[place] = self._start()

    def kill(self, place: int, *, horse_only: bool = False) -> bool:
        """Kill a worker, or only its work-horse; tell whether there was one to kill."""
        victims = (
            children(self.workers[place].process.pid)
            if horse_only
            else [self.workers[place].process.pid]
        )
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        return bool(victims)

    def replace(self, place: int) -> int:
        """Stop a worker as a new release would, start another in its place, return the exit code of the old one."""
        code = self.workers[place].stop(seconds=30)
        self.workers[place] = self._start().wait_until_listening()
        return code

    def said(self) -> str:
        """All that the workers have logged, those that have ended too."""
        return "\n".join(
            (self._home / f"fleet{n}.log").read_text() for n in range(1, self._started + 1)
        )

    def close(self) -> None:
        """Kill those that still run."""
        for worker in self.workers:
            worker.process.kill()
            worker.process.wait()


def horse_of(worker: WorkerProcess) -> int:
    """The work-horse of a worker, once it has one: the child that leads a process group of its own in the worker's session."""
    found: list[int] = []

    def there() -> bool:
        found[:] = [pid for pid in children(worker.process.pid) if leads_a_group(pid)]
        return bool(found)

    until(there, what="a work-horse")
    return found[0]


def leads_a_group(pid: int) -> bool:
    """Tell whether a process leads a process group, but not a session."""
    try:
        return os.getpgid(pid) == pid != os.getsid(pid)
    except ProcessLookupError:
        return False
