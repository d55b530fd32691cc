"""Processes forked from this one that run a module as `python -m MODULE` does.

They share the memory of what this process has imported, and do not import it again.
"""

from __future__ import annotations

import ctypes
import io
import logging
import os
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO


class ForkedProcess:
    """A child of this process, with the members of `subprocess.Popen` that its supervisor uses."""

    def __init__(self, pid: int, stdout: BinaryIO) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, negative after a signal, or None while the process runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self) -> int:
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode

    def terminate(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)


def can_fork() -> bool:
    """Return whether a fork copies the whole process: it copies only the thread that forks.

    The frameworks of macOS do not allow their use after a fork.
    """
    return sys.platform == "linux" and threading.active_count() == 1


def fork_module(
    arguments: Sequence[str],
    *,
    environ: Mapping[str, str],
    cwd: Path | None,
    kept: int,
    prepare: Callable[[], object],
) -> ForkedProcess:
    """Run `python -m ARGUMENTS` in a fork of this process, in a new session.

    Its output can be read from `stdout`. Of the open files of this process it has only the descriptor
    `kept`. It calls `prepare` first.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    parent = os.getpid()
    # A signal must not reach the handlers of this process in the new one.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        pid = os.fork()
        if pid == 0:
            with _ended_by_exit():
                os.setsid()
                _connect(writer, kept)
                signal.signal(signal.SIGINT, signal.default_int_handler)
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
                prepare()
                if os.getppid() == parent:
                    _run(arguments, environ, cwd)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(writer)
    return ForkedProcess(pid, open(reader, "rb", buffering=0))  # noqa: PTH123


@contextmanager
def _ended_by_exit() -> Iterator[None]:
    """End this process by `os._exit` after the block, so that none of the parent's cleanup runs."""
    code: object = 1
    try:
        yield
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(BaseException):
            logging.shutdown()
        os._exit(_exit_code(code))


def _connect(output: int, kept: int) -> None:
    """Connect the standard streams to the null device and `output`, and close all but `kept`."""
    null = os.open(os.devnull, os.O_RDONLY)
    for stream, descriptor in enumerate((null, output, output)):
        os.dup2(descriptor, stream)
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout, sys.stderr = (_unbuffered(number) for number in (1, 2))


def _run(arguments: Sequence[str], environ: Mapping[str, str], cwd: Path | None) -> None:
    os.environ.clear()
    os.environ.update(environ)
    if cwd is not None:
        os.chdir(cwd)
    show_command(["python", "-m", *arguments])
    sys.argv = list(arguments)
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


def _exit_code(code: object) -> int:
    """Return the exit code that the interpreter has for the argument of `sys.exit`."""
    if code is None or isinstance(code, int):
        return code or 0
    sys.stderr.write(f"{code}\n")
    return 1


def _unbuffered(descriptor: int) -> TextIO:
    """Return a standard stream as with PYTHONUNBUFFERED."""
    stream = open(descriptor, "wb", buffering=0, closefd=False)  # noqa: SIM115
    return io.TextIOWrapper(stream, errors="backslashreplace", write_through=True)


def show_command(words: Sequence[str]) -> None:
    """Have `ps` and `/proc` show another command for this process, cut to the length of the first one."""
    # The last fields are arg_start, arg_end, env_start, env_end and exit_code.
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = map(int, fields[-5:-3])
    # The last byte stays 0; otherwise the environment would be shown as a part of the command.
    shown = b"\0".join(map(os.fsencode, words))[: end - start - 1]
    ctypes.memmove(start, shown.ljust(end - start, b"\0"), end - start)
