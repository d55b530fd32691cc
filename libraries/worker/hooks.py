"""Hooks that run once when a worker starts or stops, declared in any module under `workers/`."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from typing import TypeVar

from libraries.job_manager.tasks import PACKAGE

Hook = TypeVar("Hook", bound=Callable[[], object])
log = logging.getLogger(__name__)
# By dotted path, so that a repeated import does not register a hook twice.
_at_startup: dict[str, Callable[[], object]] = {}
_at_shutdown: dict[str, Callable[[], object]] = {}


class StartupFailed(Exception):
    """Raised when a start-up hook raises; the text names the hook and the error in one line."""


def on_startup(hook: Hook) -> Hook:
    """Register `hook`, called once before a worker takes jobs; an exception prevents the start.

    Raises TypeError if the name would make the hook a task.
    """
    _at_startup[_path(hook)] = hook
    return hook


def on_shutdown(hook: Hook) -> Hook:
    """Register `hook`, called once after the last job of a worker; an exception is logged.

    Raises TypeError if the name would make the hook a task.
    """
    _at_shutdown[_path(hook)] = hook
    return hook


def run_startup_hooks() -> None:
    """Call the start-up hooks in the order of their declaration. Raises StartupFailed."""
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
    """Call all shutdown hooks, the last declared first; signals end the process if a hook hangs."""
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
