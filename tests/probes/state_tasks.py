"""Tasks that change their process in every way that the worker restores, and tasks that look at it."""

from __future__ import annotations

import decimal
import gc
import locale
import logging
import logging.config
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

TRIES = 1


def look() -> dict[str, Any]:
    """Return everything that a job may find changed, as text."""
    mask = os.umask(0o077)
    os.umask(mask)
    limits = {
        name: resource.getrlimit(getattr(resource, name))
        for name in dir(resource)
        if name.startswith("RLIMIT_")
    }
    handlers = {
        number.name: repr(signal.getsignal(number))
        for number in signal.Signals
        if number != signal.SIGALRM
    }
    return {
        "directory": str(Path.cwd()),
        "umask": mask,
        "environment": dict(os.environ),
        "time zone": time.tzname,
        "handlers": handlers,
        "mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        "timers": [signal.getitimer(signal.ITIMER_VIRTUAL), signal.getitimer(signal.ITIMER_PROF)],
        "limits": limits,
        "niceness": os.getpriority(os.PRIO_PROCESS, 0),
        "processors": sorted(os.sched_getaffinity(0)),
        "locale": locale.setlocale(locale.LC_ALL),
        "decimals": decimal.getcontext().prec,
        "numpy": np.geterr(),
        "warnings": repr(warnings.filters),
        "socket timeout": socket.getdefaulttimeout(),
        "streams": [repr(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)],
        "descriptors": [os.fstat(one)[1:3] for one in (0, 1, 2)],
        "logging": [logging.root.level, len(logging.root.handlers), logging.root.manager.disable],
        "worker's logger": logging.getLogger("libraries.worker.horse").disabled,
        "recursion": sys.getrecursionlimit(),
        "collection": [gc.isenabled(), gc.get_threshold()],
        "temporary folder": tempfile.tempdir,
        "path": sys.path,
        "hook": repr(sys.excepthook),
        "threads": threading.active_count(),
        "users": [os.getuid(), os.geteuid()],
    }


def look_after() -> dict[str, Any]:
    """Return the process and what it finds."""
    return {"pid": os.getpid(), "found": look()}


def change(what: str) -> int:
    """Change one thing, and return the process."""
    CHANGES[what]()
    return os.getpid()


def roll() -> list[float]:
    """Return random numbers."""
    return [random.random(), float(np.random.random())]  # noqa: S311


def _descriptors() -> None:
    other = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(other, descriptor)


def _limits() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def _lower_limits() -> None:
    resource.setrlimit(resource.RLIMIT_NPROC, (60, 60))


def _time_zone() -> None:
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()


def _thread() -> None:
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()


def _leave_the_folder() -> None:
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    Path(folder).rmdir()


def _numpy() -> None:
    np.seterr(all="raise")


def _decimals() -> None:
    decimal.getcontext().prec = 3


# Restored in the same process.
CHANGES: dict[str, Callable[[], object]] = {
    "directory": lambda: os.chdir("/"),
    "deleted directory": _leave_the_folder,
    "umask": lambda: os.umask(0o777),
    "environment": os.environ.clear,
    "variable": lambda: os.environ.update(LEAK="of another owner"),
    "time zone": _time_zone,
    "handlers": lambda: signal.signal(signal.SIGUSR1, lambda *_: None),
    "term handler": lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL),
    "mask": lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2, signal.SIGALRM]),
    "timers": lambda: signal.setitimer(signal.ITIMER_VIRTUAL, 3600),
    "limits": _limits,
    "locale": lambda: locale.setlocale(locale.LC_ALL, "C.UTF-8"),
    "decimals": _decimals,
    "numpy": _numpy,
    "warnings": lambda: warnings.simplefilter("error"),
    "socket timeout": lambda: socket.setdefaulttimeout(0.001),
    "streams": lambda: setattr(sys, "stdout", sys.stderr),
    "descriptors": _descriptors,
    "level": lambda: logging.root.setLevel(logging.CRITICAL),
    "disabled log": lambda: logging.disable(logging.CRITICAL),
    "configured log": lambda: logging.config.dictConfig({"version": 1}),
    "recursion": lambda: sys.setrecursionlimit(300),
    "collection": gc.disable,
    "temporary folder": lambda: setattr(tempfile, "tempdir", "/nowhere"),
    "path": sys.path.clear,
    "hook": lambda: setattr(sys, "excepthook", print),
    "processors": lambda: os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]),
}
# Not restorable, so that the process ends.
FINAL_CHANGES: dict[str, Callable[[], object]] = {
    "thread": _thread,
    "closed stream": sys.stdout.close,
    "process": lambda: subprocess.Popen(["sleep", "60"]),
}
CHANGES |= FINAL_CHANGES


def leave_processes(pids_file: str, how: str) -> str:
    """Start processes that would outlive the job, write their ids to a file, and act as `how` says."""
    pids = [subprocess.Popen(["sleep", "60"], start_new_session=True).pid for _ in range(3)]
    pids += [_daemon() for _ in range(3)]
    pids.append(subprocess.Popen(["sleep", "60"], process_group=0).pid)
    Path(f"{pids_file}.new").write_text(" ".join(map(str, pids)))
    Path(f"{pids_file}.new").rename(pids_file)
    ENDINGS[how]()
    return "left"


def _daemon() -> int:
    """Start a process as daemons do, by two forks; return its id."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(writer, str(os.getpid()).encode())
            os.closerange(3, 256)
            time.sleep(60)
        os._exit(0)
    return int(os.read(reader, 20))


def _fail() -> None:
    raise ValueError("failed")


def end_by(how: str) -> None:
    """End this process."""
    ENDINGS[how]()


def gather() -> None:
    """Take memory in small parts until there is none."""
    parts = []
    while True:
        parts.append(bytearray(1 << 20))


def _swallow() -> None:
    while True:
        try:
            time.sleep(60)
        except BaseException:  # noqa: S112 - ignoring the timeout is the point
            continue


ENDINGS: dict[str, Callable[[], object]] = {
    "success": lambda: None,
    "failure": _fail,
    "wait": lambda: time.sleep(60),
    "ignored timeout": _swallow,
    "exit": lambda: os._exit(1),
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "abort": os.abort,
}


def seed() -> None:
    """Make random numbers repeatable."""
    random.seed(1)
    np.random.seed(1)
