"""Whether the parts behind the queue are there."""

from __future__ import annotations

from typing import TypedDict

from redis import Redis
from rq.utils import as_text
from rq.worker_registration import REDIS_WORKER_KEYS

from libraries.job_manager.connections import patiently, web_client
from libraries.job_manager.errors import QueueUnavailable
from libraries.settings import get_settings


class QueueHealth(TypedDict):
    """Whether the broker answers, and how many workers have lately said that they are alive."""

    broker: bool
    workers: int


def queue_health() -> QueueHealth:
    """Return the health of the queue, in about a second at most also when the broker is away."""
    client = web_client(get_settings())
    try:
        return {"broker": True, "workers": patiently(lambda: count_workers(client))}
    except QueueUnavailable:
        return {"broker": False, "workers": 0}


def count_workers(client: Redis) -> int:
    """Return how many workers have lately said that they are alive."""
    # A worker's record expires when its heartbeats stop; a worker that said goodbye leaves a record with its death.
    names = [as_text(key) for key in client.smembers(REDIS_WORKER_KEYS)]
    with client.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.hmget(name, ["birth", "death"])
        return sum(1 for birth, death in pipeline.execute() if birth and not death)
