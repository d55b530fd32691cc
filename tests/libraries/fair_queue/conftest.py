"""Fixtures of the tests of the fair queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.job_manager import JobOptions, as_owner, submit, submit_batch
from libraries.job_manager.jobs import VectorJob
from libraries.settings import get_settings

Queue = Callable[..., list[str]]
NOTHING = "workers.probe_tasks.nothing"


@pytest.fixture
def client(broker: object, probe_tasks: None) -> Redis:
    """A client of the broker of this test."""
    return web_client(get_settings())


@pytest.fixture
def queue(client: Redis) -> Queue:
    """Return a function that queues jobs of an owner and returns their ids."""

    def queue(owner: str, count: int = 1, *, batch: bool = False, **options: Any) -> list[str]:
        chosen = JobOptions(**options)
        with as_owner(owner):
            if batch:
                return submit_batch(NOTHING, [{}] * count, chosen).job_ids
            return [submit(NOTHING, options=chosen).id for _ in range(count)]

    return queue


def waiting(client: Redis) -> list[str]:
    """Return the ids in the list that workers take jobs from."""
    return [one.decode() for one in cast("list[bytes]", client.lrange(keys.QUEUE_KEY, 0, -1))]


def take(client: Redis, count: int = 1) -> list[str]:
    """Take jobs as a stock worker does, and forget them."""
    taken = cast("list[bytes]", client.lpop(keys.QUEUE_KEY, count) or [])
    return [one.decode() for one in taken]


def foreign_job(client: Redis, name: str) -> str:
    """Store a job as another program does, which is not in the list yet."""
    job = VectorJob.create(NOTHING, connection=client, id=name, origin=keys.QUEUE)
    job.set_status("queued")  # type: ignore[arg-type]
    job.save()
    return name
