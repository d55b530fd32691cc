"""Processes that end together with their parent."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

from libraries.worker.horse_state import HorseState

PR_SET_PDEATHSIG = 1


def start_guard(state: HorseState) -> int:
    """Start a process that kills the work-horse's process group when this process ends.

    The kernel kills only the work-horse itself. The guard forks twice, so that no process has to
    wait for it. Returns the write end of a pipe: the guard acts when its last copy is closed.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        os.close(reader)
        return writer
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.close(writer)
        os.read(reader, 1)
        if state.horse:
            os.killpg(state.horse, signal.SIGKILL)
    finally:
        os._exit(0)


def die_with_parent(parent: int) -> None:
    """Have this process killed when its parent ends: by the kernel on Linux, elsewhere by polling.

    An orphan would continue a job that another worker has restarted.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
