"""What a worker does once when it starts, and once when it stops: functions that say so, in any module under `workers/`."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from typing import TypeVar

from libraries.job_manager.tasks import PACKAGE

Hook = TypeVar("Hook", bound=Callable[[], object])
log = logging.getLogger(__name__)
# By their dotted paths, so that a module that is imported again does not say everything twice.
_at_startup: dict[str, Callable[[], object]] = {}
_at_shutdown: dict[str, Callable[[], object]] = {}


class StartupFailed(Exception):
    """Raised when a start-up hook raises; the text names it and says in one line what went wrong."""


def on_startup(hook: Hook) -> Hook:
    """Have each worker process call `hook` once, before it takes jobs; one that raises keeps the worker from starting.

    Raises:
        TypeError: in a module of tasks its name would make it a task.
    """
    _at_startup[_path(hook)] = hook
    return hook


def on_shutdown(hook: Hook) -> Hook:
    """Have each worker process call `hook` once, when it has stopped taking jobs; one that raises is logged.

    Raises:
        TypeError: in a module of tasks its name would make it a task.
    """
    _at_shutdown[_path(hook)] = hook
    return hook


def run_startup_hooks() -> None:
    """Call the start-up hooks in the order in which they were declared.

    Raises:
        StartupFailed: one of them raised; those behind it were not called.
    """
    for path, hook in _at_startup.items():
        try:
            hook()
        except Exception as error:
            reason = " ".join(str(error).split())
            raise StartupFailed(
                f"the start-up hook {path} failed: {type(error).__name__}: {reason}"
            ) from error
        log.info("Start-up hook done: %s", path)


def run_shutdown_hooks() -> None:
    """Call the shutdown hooks, the last declared first, all of them whatever becomes of the others.

    A signal that arrives meanwhile ends the process: a hook that hangs must not keep it for ever.
    """
    if _at_shutdown:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
    for path, hook in reversed(_at_shutdown.items()):
        try:
            hook()
        except Exception:
            log.exception("The shutdown hook %s failed", path)
        else:
            log.info("Shutdown hook done: %s", path)


def _path(hook: Callable[[], object]) -> str:
    module, name = hook.__module__, hook.__qualname__
    if module.startswith(f"{PACKAGE}.") and module.endswith("_tasks") and not name.startswith("_"):
        raise TypeError(
            f"{module}.{name} would be a task: begin the name of a hook with an underscore"
        )
    return f"{module}.{name}"
