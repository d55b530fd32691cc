# mypy: disable-error-code="import-not-found, untyped-decorator"
# Dramatiq is only installed in the environment of this module.
"""The no-op as a Dramatiq actor."""

from __future__ import annotations

import os
from collections.abc import Callable

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import ResultMissing, Results
from dramatiq.results.backends import RedisBackend

SOCKET = os.environ["BENCH_SOCKET"]
broker = RedisBroker(url=f"unix://{SOCKET}")
broker.add_middleware(Results(backend=RedisBackend(url=f"unix://{SOCKET}?db=1")))
dramatiq.set_broker(broker)


@dramatiq.actor(store_results=True)
def nothing() -> bool:
    return True


def enqueue(jobs: int) -> None:
    """Queue `jobs` no-ops."""
    for _ in range(jobs):
        nothing.send()


def run_one(wait: Callable[[], None]) -> None:
    """Queue one no-op and poll for its result, calling `wait` between polls."""
    message = nothing.send()
    while True:
        try:
            message.get_result()
        except ResultMissing:
            wait()
        else:
            return
