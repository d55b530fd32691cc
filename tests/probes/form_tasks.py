"""Tasks of the forms in which people write them."""

from __future__ import annotations

import ast
import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

from libraries.job_manager import (
    add_notification,
    attach,
    background_task,
    current_job_id,
    report_progress,
)
from libraries.storage import output_folder

TRIES = 1


async def translate(ctx: dict[str, Any], content: str, pause: float = 0.0) -> dict[str, Any]:
    """Translate a text, as in a program written for ARQ."""
    await asyncio.sleep(pause)
    report_progress(1, 1)
    ctx["job"] = "not seen by other jobs"
    path = attach(output_folder().publish(f"{current_job_id()}.txt", content))
    kept = {name: value for name, value in ctx.items() if name != "enqueue_time"}
    queued = ctx["enqueue_time"].isoformat()
    return {"text": content.upper(), "ctx": kept, "queued": queued, "path": path}


def plain(ctx: dict[str, Any], /, *args: int, **options: int) -> dict[str, Any]:
    """Return what arrived."""
    return {"args": args, "options": options, "try": ctx["job_try"], "tool": ctx.get("tool")}


def only_keyword(*, ctx: str) -> str:
    """Return a keyword that is not the context."""
    return ctx


def first_is_named(task_function: str, job: str = "") -> list[str]:
    """Return arguments whose names others use."""
    return [task_function, job]


@background_task
async def decorated(ctx: dict[str, Any], number: int) -> list[str]:
    """Queue itself until the number is 0."""
    await asyncio.sleep(0)
    return [decorated(number - 1).id] if number else [ctx["job_id"]]  # type: ignore[call-arg,arg-type]


async def wait_for_children() -> None:
    """Wait for a task of the event loop that waits too long."""

    async def child() -> None:
        await asyncio.sleep(60)

    await asyncio.gather(child())


async def fail_in_a_group() -> None:
    """Raise an exception in a task of a group."""

    async def child() -> None:
        raise ValueError("the ink is empty")

    async with asyncio.TaskGroup() as group:
        group.create_task(child())


def generate() -> Iterator[int]:
    """Yield numbers."""
    yield 1


async def generate_later() -> AsyncIterator[int]:
    """Yield numbers."""
    yield 1


def leave(code: Any) -> None:
    """Call sys.exit."""
    sys.exit(code)


def interrupt() -> None:
    """Raise what Ctrl-C raises."""
    raise KeyboardInterrupt


def swallow_timeout(how: str) -> str:
    """Catch the exception at the timeout; return, or raise another one."""
    try:
        time.sleep(60)
    except BaseException:
        if how == "raise":
            raise ValueError("stopped early") from None
    return "done"


def fail_with(text: str) -> None:
    """Fail with a message, given as a Python literal."""
    raise ValueError(ast.literal_eval(text))


def fail_without_text() -> None:
    """Fail with an exception whose message cannot be read."""

    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    raise Unspeakable


def notify(name: str, data: Any) -> None:
    """Send a notification."""
    add_notification(name, data)


def terminate() -> None:
    """End the process that runs the job by a signal."""
    signal.raise_signal(signal.SIGKILL)
