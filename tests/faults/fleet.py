"""Several real workers, and functions that kill them."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from tests.conftest import WorkerProcess, until


def children(pid: int) -> list[int]:
    """Return the child processes of a process."""
    try:
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except FileNotFoundError:
        return []


def gone(pid: int) -> bool:
    """Return whether a process has ended or is a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def processes_of(mark: str, *, kind: str = "environ") -> list[int]:
    """Return the other processes with `mark` in their environment or command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if int(entry.name) != os.getpid() and mark.encode() in (entry / kind).read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return [pid for pid in found if not gone(pid)]


class Fleet:
    """Workers that are restarted when they end, as by a supervisor; `endings` are the exit codes."""

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
        """Restart the workers that have ended."""
        for index, worker in enumerate(self.workers):
            code = worker.process.poll()
            if code is not None:
                self.endings.append(code)
                self.workers[index] = self._start()

    def kill(self, index: int, *, horse_only: bool = False) -> bool:
        """Kill a worker, or only its work-horse; return whether there was one."""
        victims = (
            [pid for pid in children(self.workers[index].process.pid) if leads_a_group(pid)]
            if horse_only
            else [self.workers[index].process.pid]
        )
        for pid in victims:
            # An earlier kill may have ended it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(victims)

    def replace(self, index: int) -> int:
        """Stop a worker with SIGTERM, start another one, and return the exit code."""
        code = self.workers[index].stop(seconds=30)
        self.workers[index] = self._start().wait_until_listening()
        return code

    def output(self) -> str:
        """Return the log of all workers, including ended ones."""
        return "\n".join(
            (self._home / f"fleet{n}.log").read_text() for n in range(1, self._started + 1)
        )

    def close(self) -> None:
        """Kill the running workers."""
        for worker in self.workers:
            worker.process.kill()
            worker.process.wait()


def horse_of(worker: WorkerProcess) -> int:
    """Return the work-horse of a worker: the child that leads a process group in its session."""
    found: list[int] = []

    def there() -> bool:
        found[:] = [pid for pid in children(worker.process.pid) if leads_a_group(pid)]
        return bool(found)

    until(there, what="a work-horse")
    return found[0]


def leads_a_group(pid: int) -> bool:
    """Return whether a process leads a process group but not a session."""
    try:
        return os.getpgid(pid) == pid != os.getsid(pid)
    except ProcessLookupError:
        return False
