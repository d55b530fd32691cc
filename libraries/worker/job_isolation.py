"""State of the process that a job can change, restored after the job.

A work-horse runs many jobs, of different owners. State that cannot be restored ends it.
"""

from __future__ import annotations

import contextvars
import decimal
import gc
import locale
import logging
import os
import random
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from libraries.settings import Settings

STANDARD_STREAMS = ("stdin", "stdout", "stderr")
STANDARD_DESCRIPTORS = (0, 1, 2)
LIMITS = tuple(getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_"))
SIGNALS = tuple(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
log = logging.getLogger(__name__)


class Aspect(NamedTuple):
    """A part of the state: its name, a function that reads it, one that writes what was read."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]


class ProcessState:
    """The state when it was created; `restore` returns to it."""

    def __init__(self) -> None:
        tempfile.gettempdir()  # sets `tempfile.tempdir`
        self._copies = {
            one: os.dup(one) for one in STANDARD_DESCRIPTORS if _identity(one) is not None
        }
        self._aspects = [
            *ASPECTS,
            Aspect("standard descriptors", _descriptors, self._reconnect),
            _loggers_aspect(),
        ]
        self._saved = [_read(aspect) for aspect in self._aspects]

    def restore(self) -> bool:
        """Restore what has changed, and seed random numbers; return whether it succeeded."""
        changed = []
        for aspect, saved in zip(self._aspects, self._saved, strict=True):
            if _read(aspect) != saved:
                changed.append(aspect.name)
                with suppress(Exception):
                    aspect.write(saved)
                if _read(aspect) != saved:
                    names = ", ".join(changed)
                    log.warning("The job changed its process (%s); starting another one", names)
                    return False
        if changed:
            log.info("The job changed its process (%s); restored", ", ".join(changed))
        reseed()
        return True

    def _reconnect(self, _: object) -> None:
        for descriptor, copy in self._copies.items():
            os.dup2(copy, descriptor)


def run_contained(call: Callable[[], Any]) -> Any:
    """Call a function with separate context variables and warning filters.

    The decimal context and the error state of NumPy are context variables.
    """
    context = contextvars.copy_context()
    context.run(decimal.setcontext, decimal.Context())
    with warnings.catch_warnings():
        return context.run(call)


def reseed() -> None:
    """Seed the global random number generators from the system."""
    random.seed(os.urandom(16))
    if "numpy.random" in sys.modules:
        # Without an argument the call takes ten times as long.
        sys.modules["numpy.random"].seed(int.from_bytes(os.urandom(4)))


def _read(aspect: Aspect) -> Any:
    try:
        return aspect.read()
    except Exception as error:
        # Such as FileNotFoundError for a deleted working directory.
        return type(error)


def _identity(descriptor: int) -> tuple[int, int] | None:
    with suppress(OSError):
        found = os.fstat(descriptor)
        return found.st_dev, found.st_ino
    return None


def _descriptors() -> list[tuple[int, int] | None]:
    return [_identity(one) for one in STANDARD_DESCRIPTORS]


def _set_environ(saved: Mapping[bytes, bytes]) -> None:
    os.environb.clear()
    os.environb.update(saved)
    time.tzset()


def _streams() -> list[Any]:
    """Return the stream objects, None for a closed one."""
    found = (getattr(sys, name, None) for name in STANDARD_STREAMS)
    return [stream if stream is not None and not stream.closed else None for stream in found]


def _set_streams(saved: Iterable[Any]) -> None:
    for name, stream in zip(STANDARD_STREAMS, saved, strict=True):
        setattr(sys, name, stream)


def _handlers() -> list[Any]:
    return [signal.getsignal(number) for number in SIGNALS]


def _set_handlers(saved: Iterable[Any]) -> None:
    for number, handler in zip(SIGNALS, saved, strict=True):
        # None is the handler of a C library, which Python can neither read nor set.
        if handler is not None and signal.getsignal(number) != handler:
            signal.signal(number, handler)


def _timers() -> list[tuple[float, float]]:
    return [signal.getitimer(one) for one in (signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)]


def _stop_timers(_: object) -> None:
    for one in (signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
        signal.setitimer(one, 0)


def _limits() -> list[tuple[int, int]]:
    return [resource.getrlimit(one) for one in LIMITS]


def _set_limits(saved: Iterable[tuple[int, int]]) -> None:
    for limit, values in zip(LIMITS, saved, strict=True):
        if resource.getrlimit(limit) != values:
            resource.setrlimit(limit, values)


def _niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def _identities() -> tuple[object, ...]:
    return os.getuid(), os.geteuid(), os.getgid(), os.getegid(), os.getgroups()


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _loggers_aspect() -> Aspect:
    """Return level, handlers, filters and activity of the present loggers as an aspect."""
    known = logging.root.manager.loggerDict.values()
    loggers = [logging.root, *(one for one in known if isinstance(one, logging.Logger))]

    def read() -> tuple[Any, ...]:
        states = [
            (one.level, [*one.handlers], [*one.filters], one.propagate, one.disabled)
            for one in loggers
        ]
        return logging.root.manager.disable, states

    def write(saved: tuple[Any, ...]) -> None:
        level, states = saved
        logging.disable(level)
        for one, (level, handlers, filters, propagate, disabled) in zip(
            loggers, states, strict=True
        ):
            one.setLevel(level)
            one.handlers[:], one.filters[:] = handlers, filters
            one.propagate, one.disabled = propagate, disabled

    return Aspect("logging", read, write)


def _cannot_restore(_: object) -> None:
    """Do nothing: the state still differs, so the work-horse ends."""


def _interpreter() -> tuple[Any, ...]:
    return (
        sys.getrecursionlimit(), sys.getswitchinterval(), sys.get_int_max_str_digits(),
        sys.gettrace(), sys.getprofile(), sys.excepthook, sys.unraisablehook,
        gc.isenabled(), gc.get_threshold(), gc.get_debug(), tempfile.tempdir,
        [*sys.path], [*sys.argv],
    )  # fmt: skip


def _set_interpreter(saved: tuple[Any, ...]) -> None:
    recursion, switch, digits, trace, profile, excepthook, unraisable, *rest = saved
    enabled, threshold, debug, tempfile.tempdir, sys.path[:], sys.argv[:] = rest
    sys.setrecursionlimit(recursion)
    sys.setswitchinterval(switch)
    sys.set_int_max_str_digits(digits)
    sys.settrace(trace)
    sys.setprofile(profile)
    sys.excepthook, sys.unraisablehook = excepthook, unraisable
    (gc.enable if enabled else gc.disable)()
    gc.set_threshold(*threshold)
    gc.set_debug(debug)


# Cheap to read: a job that changes nothing takes about a tenth of a millisecond.
ASPECTS = [
    Aspect("user", _identities, _cannot_restore),
    Aspect("threads", threading.active_count, _cannot_restore),
    Aspect("standard streams", _streams, _set_streams),
    Aspect("working directory", os.getcwd, os.chdir),
    Aspect("umask", _umask, os.umask),
    Aspect("environment", lambda: dict(os.environb), _set_environ),
    Aspect("signal handlers", _handlers, _set_handlers),
    Aspect(
        "signal mask",
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        lambda mask: signal.pthread_sigmask(signal.SIG_SETMASK, mask),
    ),
    Aspect("timers", _timers, _stop_timers),
    Aspect("resource limits", _limits, _set_limits),
    Aspect("niceness", _niceness, lambda value: os.setpriority(os.PRIO_PROCESS, 0, value)),
    Aspect(
        "locale",
        lambda: locale.setlocale(locale.LC_ALL),
        lambda name: locale.setlocale(locale.LC_ALL, name),
    ),
    Aspect("socket timeout", socket.getdefaulttimeout, socket.setdefaulttimeout),
    Aspect("interpreter", _interpreter, _set_interpreter),
]
if sys.platform == "linux":
    ASPECTS.append(
        Aspect(
            "processors",
            lambda: os.sched_getaffinity(0),
            lambda cpus: os.sched_setaffinity(0, cpus),
        )
    )


def limit_resources(settings: Settings) -> None:
    """Limit the memory and the file size of this process and its children."""
    if settings.jobs.job_memory:
        resource.setrlimit(resource.RLIMIT_AS, (settings.jobs.job_memory, settings.jobs.job_memory))
    if settings.jobs.job_file_size:
        resource.setrlimit(
            resource.RLIMIT_FSIZE, (settings.jobs.job_file_size, settings.jobs.job_file_size)
        )
        # Ignored, so that Python raises EFBIG instead of exiting.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
