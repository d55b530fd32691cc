# mypy: disable-error-code="import-not-found, untyped-decorator"
# Huey is only installed in the environment that this module runs in.
"""The no-op as a Huey task, queued in the broker."""

from __future__ import annotations

import os
from collections.abc import Callable

from huey import RedisHuey

huey = RedisHuey("bench", url=f"unix://{os.environ['BENCH_SOCKET']}")


@huey.task()
def nothing() -> bool:
    """Return True."""
    return True


def enqueue(jobs: int) -> None:
    """Queue this many."""
    for _ in range(jobs):
        nothing()


def run_one(look: Callable[[], None]) -> None:
    """Queue one and wait for its result."""
    result = nothing()
    # Keeping it leaves the number of results right.
    while result.get(preserve=True) is None:
        look()
