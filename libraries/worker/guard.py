"""Processes that end with the one that started them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

from libraries.worker.horse_state import HorseState

PR_SET_PDEATHSIG = 1


def start_guard(slot: HorseState) -> int:
    """Start a process that waits for the end of this one and then kills the work-horse with all that it started.

    A killed worker takes its work-horse with it, but what a task started would live on. The guard is nobody's child, so that
    nobody needs to wait for it. Returns the end of a pipe: the guard acts when its last holder is gone.
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
        if slot.horse:
            os.killpg(slot.horse, signal.SIGKILL)
    finally:
        os._exit(0)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that forked it ends; elsewhere than on Linux, watch for that.

    An orphan would go on running a job that somebody else has begun again.
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
