"""Processes that end together with their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from libraries.processes import adopt_orphans, kill_with_descendants, signal_at_parent_death


class Guard:
    """A process that kills the work-horse and its descendants when this process ends.

    The kernel only suspends the work-horse, so that the guard finds its descendants. It is a shell,
    which takes 10 MB less than a fork of this process.
    """

    # It reads the process id of each work-horse until the last copy of the other end of its input is
    # closed, and kills the group of the work-horse if Python does not start.
    WATCH = (
        "trap '' HUP INT TERM; while read -r pid; do horse=$pid; done; "
        '[ "${horse:-0}" = 0 ] || "$@" "$horse" || kill -s KILL -- "-$horse"'
    )
    KILL = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from libraries.processes import kill_with_descendants; "
        "kill_with_descendants(int(sys.argv[2]))"
    )

    def __init__(self) -> None:
        # The current work-horse, 0 if there is none.
        self.horse = 0
        self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def watch(self, horse: int) -> None:
        """Have the guard kill another work-horse, which leads a process group; 0 for none."""
        self.horse = horse
        # A dead guard is replaced.
        with suppress(BrokenPipeError):
            os.write(self._pipe, b"%d\n" % horse)

    def leave(self) -> None:
        """Close the pipe in a fork of the process that started the guard."""
        os.close(self._pipe)

    def restart_if_dead(self) -> None:
        if self._process.poll() is not None:
            os.close(self._pipe)
            self._start()

    def close(self) -> None:
        """End the guard, and the work-horse if there still is one."""
        self._process.kill()
        self._process.wait()
        if self.horse:
            kill_with_descendants(self.horse)
        os.close(self._pipe)

    def _start(self) -> None:
        reader, self._pipe = os.pipe()
        root = Path(__file__).parents[2]
        kill = (sys.executable, "-S", "-c", self.KILL, str(root))
        self._process = subprocess.Popen(  # noqa: S603 - no argument comes from a client
            ("/bin/sh", "-c", self.WATCH, "guard", *kill),
            stdin=reader,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(reader)
        self.watch(self.horse)


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
