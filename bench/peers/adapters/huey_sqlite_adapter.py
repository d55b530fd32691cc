# mypy: disable-error-code="import-not-found, untyped-decorator"
# Huey is only installed in the environment of this module.
"""The no-op as a Huey task, queued in a file."""

from __future__ import annotations

import os
from collections.abc import Callable

from huey import SqliteHuey

huey = SqliteHuey("bench", filename=f"{os.environ['BENCH_FOLDER']}/huey.db")


@huey.task()
def nothing() -> bool:
    return True


def enqueue(jobs: int) -> None:
    """Queue `jobs` no-ops."""
    for _ in range(jobs):
        nothing()


def run_one(wait: Callable[[], None]) -> None:
    """Queue one no-op and poll for its result, calling `wait` between polls."""
    result = nothing()
    # Results must be kept to be counted.
    while result.get(preserve=True) is None:
        wait()
