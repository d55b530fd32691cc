"""Processes that end together with their parent."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress

from libraries.processes import adopt_orphans, kill_descendants, signal_at_parent_death
from libraries.worker.horse_state import HorseState


class Guard:
    """A process that kills the work-horse and its descendants when this process ends.

    The kernel only suspends the work-horse, so that the guard finds its descendants.
    """

    def __init__(self, state: HorseState) -> None:
        self._state = state
        self._start()

    def _start(self) -> None:
        reader, self.pipe = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _guard(self._state, reader, self.pipe)
        os.close(reader)

    def restart_if_dead(self) -> None:
        if os.waitpid(self._pid, os.WNOHANG)[0]:
            os.close(self.pipe)
            self._start()

    def close(self) -> None:
        """End the guard, and the work-horse if there still is one."""
        if self._state.horse:
            kill_with_descendants(self._state.horse)
        os.close(self.pipe)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _guard(state: HorseState, reader: int, writer: int) -> None:
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        os.close(writer)
        # Returns when the last copy of the other end is closed.
        os.read(reader, 1)
        if state.horse:
            kill_with_descendants(state.horse)
    finally:
        os._exit(0)


def kill_with_descendants(pid: int) -> None:
    """Kill the leader of a process group that adopts orphans, its group and all its descendants."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGSTOP)
        kill_descendants(pid)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def end_with_parent(parent: int) -> None:
    """Have this work-horse end with its parent, and be the parent of its orphaned descendants.

    An orphaned work-horse would continue a job that another worker has restarted. On Linux the
    kernel suspends it immediately, and the guard kills it; elsewhere it polls.
    """
    adopt_orphans()
    if sys.platform == "linux":
        # The kernel sends SIGHUP to a suspended process group whose parent ends.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal_at_parent_death(signal.SIGSTOP)
    else:
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
