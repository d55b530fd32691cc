# mypy: disable-error-code="import-not-found, import-untyped, untyped-decorator"
# Celery is only installed in the environment of this module.
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
    return True


def enqueue(jobs: int) -> None:
    """Queue `jobs` no-ops."""
    for _ in range(jobs):
        nothing.delay()


def run_one(wait: Callable[[], None]) -> None:
    """Queue one no-op and poll for its result, calling `wait` between polls."""
    result = nothing.delay()
    while result.backend.get(result.backend.get_key_for_task(result.id)) is None:
        wait()
