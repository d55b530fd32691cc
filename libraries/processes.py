"""Processes: their descendants, the death of a parent, and exit codes in words."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
# A process in an uninterruptible system call ends later.
MAX_KILL_S = 2.0


class FreeMemory:
    """Returns freed memory of this process to the system. The C library keeps most of it otherwise."""

    # It takes milliseconds, so it needs a gain.
    AFTER_BYTES = 4_000_000

    def __init__(self) -> None:
        self._used = 0

    def give_back(self) -> int:
        """Return free memory if the process has grown; return its resident memory in bytes."""
        used = self.resident_bytes()
        if used > self._used + self.AFTER_BYTES:
            # Only glibc has this function.
            with contextlib.suppress(AttributeError):
                ctypes.CDLL(None).malloc_trim(0)
            used = self._used = self.resident_bytes()
        return used

    @staticmethod
    def resident_bytes() -> int:
        """Return the resident memory of this process, 0 on systems without `/proc`."""
        try:
            pages = Path("/proc/self/statm").read_bytes().split()[1]
        except OSError:
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


def signal_at_parent_death(number: int) -> None:
    """Have the kernel send a signal to this process when its parent ends. Only on Linux."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def adopt_orphans(*, adopts: bool = True) -> None:
    """Make this process the parent of descendants whose parent has ended. Only on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(adopts), 0, 0, 0)


def children(pid: int) -> list[int]:
    """Return the child processes, including zombies; [] on systems without `/proc`."""
    return [child for child, (parent, _) in _processes().items() if parent == pid]


def kill_descendants(pid: int) -> bool:
    """Kill all descendants of a process; return whether there were any.

    The process must adopt orphans, and must not start processes meanwhile. Descendants are not
    reaped.
    """
    return _kill_trees([pid], own=())


def kill_with_descendants(pid: int) -> None:
    """Kill the leader of a process group that adopts orphans, its group and all its descendants."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGSTOP)
        kill_descendants(pid)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def kill_orphans(spared: Collection[int]) -> bool:
    """Kill and reap adopted orphans and their descendants; return whether there were any.

    A child of this process is considered adopted if it is not `spared` and not in the process group
    of this process, in which its own children begin.
    """
    group, found = os.getpgrp(), False
    deadline = time.monotonic() + MAX_KILL_S
    while orphans := [
        child for child in children(os.getpid()) if child not in spared and _group(child) != group
    ]:
        found = True
        _kill_trees(orphans, own=orphans)
        for orphan in orphans:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(orphan, os.WNOHANG)
        if time.monotonic() > deadline:
            break
    return found


def reap_children() -> bool:
    """Reap the children that have ended; return whether others are running."""
    try:
        while True:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return True
    except ChildProcessError:
        return False


def session_members(leader: int) -> list[int]:
    """Return the processes of a session; [] on systems without `/proc`."""
    found = []
    for pid in _processes():
        with contextlib.suppress(OSError):
            if os.getsid(pid) == leader:
                found.append(pid)
    return found


def exit_text(code: int) -> str:
    """Return an exit code in words; a negative code is that of a signal."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"was killed by signal {-code}"
    return f"was killed by {name}"


def _kill_trees(roots: Iterable[int], *, own: Collection[int]) -> bool:
    """Kill the descendants of `roots`, and the processes in `own`; return whether there were any."""
    killed: set[int] = set()
    deadline = time.monotonic() + MAX_KILL_S
    while alive := _living(roots, own):
        for pid in alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed.update(alive)
        if time.monotonic() > deadline:
            break
        time.sleep(0.002)
    return bool(killed)


def _living(roots: Iterable[int], own: Collection[int]) -> list[int]:
    known = _processes()
    by_parent: dict[int, list[int]] = defaultdict(list)
    for pid, (parent, _) in known.items():
        by_parent[parent].append(pid)
    found, pending = set(own), list(roots)
    while pending:
        below = [pid for pid in by_parent[pending.pop()] if pid not in found]
        found.update(below)
        pending += below
    return [pid for pid in found if pid in known and known[pid][1] not in "ZX"]


def _processes() -> dict[int, tuple[int, str]]:
    """Return the parent and the state of each process."""
    found = {}
    for entry in os.scandir("/proc") if Path("/proc/self").exists() else ():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{entry.name}/stat").read_bytes()
                state, parent = text.rpartition(b")")[2].split()[:2]
                found[int(entry.name)] = int(parent), state.decode()
    return found


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0
