"""Temporary folders and processes of a test process, and the watcher that removes them.

All temporary folders are below one root. Child processes inherit `TMPDIR`, so their environment contains the
root; servers that overwrite their environment and command line run in a folder below it. Run as a script with
the root as its argument, this module waits for the end of its standard input, kills those processes and deletes
the root.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PR_SET_PDEATHSIG = 1
CLEANUP_TIMEOUT_S = 10.0
# A scan may miss a process that is being started by another one, or that begins to run a program.
SCANS_WITHOUT_PROCESSES = 3


class TemporaryRoot:
    """The temporary folder of this process, which a watcher deletes when the process ends."""

    def __init__(self) -> None:
        """Create the folder and set it for `tempfile`, also in child processes."""
        before = tempfile.gettempdir()
        self.path = Path(tempfile.mkdtemp(prefix="va-"))
        # Readable, because a server may run as another user; the folders in the root are private.
        self.path.chmod(0o711)
        # pytest keeps the last three runs of `tmp_path`.
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", before)
        os.environ["TMPDIR"] = tempfile.tempdir = str(self.path)
        # A new session, so that signals to the process group of the tests do not reach the watcher.
        self._watcher = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(self.path)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def close(self) -> None:
        """Start the clean-up and wait for it."""
        assert self._watcher.stdin is not None
        self._watcher.stdin.close()
        self._watcher.wait(2 * CLEANUP_TIMEOUT_S)


def end_with_parent() -> None:
    """Have the kernel kill this process when its parent ends (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def processes_with(mark: str) -> Iterator[int]:
    """Yield the ids of other processes, except the parent, with `mark` in environment, command line or folder."""
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) in {os.getpid(), os.getppid()}:
            continue
        with contextlib.suppress(OSError):
            if mark in str((entry / "cwd").readlink()) or any(
                mark.encode() in (entry / kind).read_bytes() for kind in ("environ", "cmdline")
            ):
                yield int(entry.name)


def main(root: str) -> None:
    """Wait for the end of standard input, kill the processes of `root`, and delete it."""
    sys.stdin.read()
    deadline, empty = time.monotonic() + CLEANUP_TIMEOUT_S, 0
    while empty < SCANS_WITHOUT_PROCESSES and time.monotonic() < deadline:
        found = list(processes_with(root))
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        empty = 0 if found else empty + 1
        time.sleep(0.01)
    shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
