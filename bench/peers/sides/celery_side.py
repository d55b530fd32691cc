# mypy: disable-error-code="import-not-found, untyped-decorator"
# Celery is only installed in the environment that this module runs in.
"""The no-op as a Celery task."""

from __future__ import annotations

import os
from collections.abc import Callable

from celery import Celery

SOCKET = os.environ["BENCH_SOCKET"]
app = Celery(
    "bench", broker=f"redis+socket://{SOCKET}", backend=f"redis+socket://{SOCKET}?virtual_host=1"
)
app.conf.update(worker_prefetch_multiplier=64, broker_connection_retry_on_startup=True)


@app.task
def nothing() -> bool:
    """Return True."""
    return True


def enqueue(jobs: int) -> None:
    """Queue this many."""
    for _ in range(jobs):
        nothing.delay()


def run_one(look: Callable[[], None]) -> None:
    """Queue one and wait for its result."""
    result = nothing.delay()
    while result.backend.get(result.backend.get_key_for_task(result.id)) is None:
        look()
