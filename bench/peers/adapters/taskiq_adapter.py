# mypy: disable-error-code="import-not-found, untyped-decorator"
# Taskiq is only installed in the environment of this module.
"""The no-op as a Taskiq task."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from taskiq_redis import ListQueueBroker, RedisAsyncResultBackend

SOCKET = os.environ["BENCH_SOCKET"]
broker = ListQueueBroker(url=f"unix://{SOCKET}").with_result_backend(
    RedisAsyncResultBackend(redis_url=f"unix://{SOCKET}?db=1", result_ex_time=86400)
)
loop = asyncio.new_event_loop()


@broker.task
async def nothing() -> bool:
    return True


def enqueue(jobs: int) -> None:
    """Queue `jobs` no-ops."""

    async def queue() -> None:
        for _ in range(jobs):
            await nothing.kiq()

    loop.run_until_complete(queue())


def run_one(wait: Callable[[], None]) -> None:
    """Queue one no-op and poll for its result, calling `wait` between polls."""

    async def run() -> None:
        task = await nothing.kiq()
        while not await task.is_ready():
            wait()

    loop.run_until_complete(run())
