# mypy: disable-error-code="import-not-found, untyped-decorator"
# Dramatiq is only installed in the environment that this module runs in.
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
    """Return True."""
    return True


def enqueue(jobs: int) -> None:
    """Queue this many."""
    for _ in range(jobs):
        nothing.send()


def run_one(look: Callable[[], None]) -> None:
    """Queue one and wait for its result."""
    message = nothing.send()
    while True:
        try:
            message.get_result()
        except ResultMissing:
            look()
        else:
            return
