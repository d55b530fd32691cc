"""Whether the parts behind the queue are there."""

from __future__ import annotations

import json
from typing import Any, TypedDict

from redis import Redis
from rq.utils import as_text
from rq.worker_registration import REDIS_WORKER_KEYS

from libraries.job_manager.connections import patiently, web_client
from libraries.job_manager.errors import QueueUnavailable
from libraries.settings import get_settings

# Field of a worker's record with the modules that it could not load, as JSON.
NOT_LOADED = "not_loaded"


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


def problems_of_workers() -> list[dict[str, Any]]:
    """Return the modules that workers could not load, as `LoadProblem.public` gives them.

    None are returned while the broker cannot be reached.
    """
    client = web_client(get_settings())
    try:
        texts = patiently(lambda: _not_loaded_by_workers(client))
    except QueueUnavailable:
        return []
    found = [problem for text in texts if text for problem in json.loads(text)]
    return list({problem["module"]: problem for problem in found}.values())


def _not_loaded_by_workers(client: Redis) -> list[bytes | None]:
    names = [as_text(key) for key in client.smembers(REDIS_WORKER_KEYS)]
    with client.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.hget(name, NOT_LOADED)
        return pipeline.execute()


def count_workers(client: Redis) -> int:
    """Return how many workers have lately said that they are alive."""
    # A worker's record expires when its heartbeats stop; a worker that said goodbye leaves a record with its death.
    names = [as_text(key) for key in client.smembers(REDIS_WORKER_KEYS)]
    with client.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.hmget(name, ["birth", "death"])
        return sum(1 for birth, death in pipeline.execute() if birth and not death)
