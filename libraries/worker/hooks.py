"""Hooks that run once when a worker starts or stops, declared in any module under `workers/`."""

from __future__ import annotations

import asyncio
import inspect
import logging
import signal
from collections.abc import Callable
from typing import TypeVar

from libraries.job_manager.task_context import WorkerContext

Hook = TypeVar("Hook", bound=Callable[..., object])
log = logging.getLogger(__name__)
# By dotted path, so that a repeated import does not register a hook twice.
_at_startup: dict[str, Callable[..., object]] = {}
_at_shutdown: dict[str, Callable[..., object]] = {}
_done: set[str] = set()


class StartupFailed(Exception):
    """Raised when a start-up hook raises; the text names the hook and the error in one line."""


def on_startup(hook: Hook) -> Hook:
    """Register `hook`, called once before a worker takes jobs; an exception prevents the start.

    A hook may be asynchronous, and may have one parameter: the dictionary that tasks receive as
    `ctx`.
    """
    _at_startup[_path(hook)] = hook
    return hook


def on_shutdown(hook: Hook) -> Hook:
    """Register `hook`, called once after the last job of a worker; an exception is logged."""
    _at_shutdown[_path(hook)] = hook
    return hook


def run_startup_hooks() -> None:
    """Call the start-up hooks that have not run, in the order of their declaration.

    Raises StartupFailed.
    """
    for path, hook in _at_startup.items():
        if path in _done:
            continue
        # Before the call: in immediate mode, a hook may queue a job, which runs the other hooks.
        _done.add(path)
        try:
            _call(hook)
        except Exception as error:
            _done.discard(path)
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
            _call(hook)
        except Exception:
            log.exception("The shutdown hook %s failed", path)
        else:
            log.info("Shutdown hook done: %s", path)


def _call(hook: Callable[..., object]) -> None:
    context = (WorkerContext.shared,) if inspect.signature(hook).parameters else ()
    result = hook(*context)
    if inspect.iscoroutine(result):
        asyncio.run(result)


def _path(hook: Callable[..., object]) -> str:
    return f"{hook.__module__}.{hook.__qualname__}"
