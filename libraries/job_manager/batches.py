"""Batches: jobs that are submitted together under one id."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.errors import InvalidInput, NotFound
from libraries.fair_queue import count_waiting
from libraries.job_manager.backends import current_backend, raise_if_full
from libraries.job_manager.control import cancel_job
from libraries.job_manager.ids import BATCH, new_id
from libraries.job_manager.jobs import VectorJob
from libraries.job_manager.ownership import current_owner
from libraries.job_manager.records import JOB_ID, JobRecord
from libraries.job_manager.submission import (
    JobOptions,
    check_high,
    check_rates,
    enqueue,
    make_job,
)
from libraries.job_manager.tasks import each_file_once
from libraries.settings import JobSettings

MAX_BATCH_ITEMS = 500


@dataclass(frozen=True)
class Batch:
    """A snapshot of a batch; `jobs` are in the order of the items, None for expired jobs."""

    id: str
    job_ids: list[str]
    jobs: list[JobRecord | None]

    @property
    def counts(self) -> dict[str, int]:
        """Number of jobs by state; `gone` counts expired jobs."""
        return dict(Counter(job.status if job else "gone" for job in self.jobs))

    @property
    def percent(self) -> int:
        """Share of ended jobs in percent, rounded down."""
        return 100 * sum(job is None or job.done for job in self.jobs) // len(self.jobs)

    @property
    def done(self) -> bool:
        return all(job is None or job.done for job in self.jobs)


@dataclass(frozen=True)
class FinalJob:
    """The last job of a batch, which gets the ids of the ended others as `job_ids`."""

    task: str
    arguments: Mapping[str, Any]


def submit_batch(
    task: str | Sequence[str],
    items: Sequence[Mapping[str, Any]],
    options: JobOptions | Sequence[JobOptions] | None = None,
    *,
    final_job: FinalJob | None = None,
) -> Batch:
    """Queue one job for each item, or none if the queue has no room for all of them.

    `items` are keyword arguments; `task` and `options` are given once or for each item. The
    `final_job` has the options of the first.

    Raises:
        InvalidInput: there are no items, or more than 500.
        UnknownTask, InvalidInput, Exhausted, QueueUnavailable: as `enqueue_background_job`.
    """
    if not 1 <= len(items) <= MAX_BATCH_ITEMS:
        raise InvalidInput(
            f"a batch has 1 to {MAX_BATCH_ITEMS} items", field="items", code="bad-batch"
        )
    each = options if isinstance(options, Sequence) else [options or JobOptions()] * len(items)
    if any(one.unique_key for one in each):
        raise InvalidInput("not supported in a batch; submit the job alone", field="unique_key")
    client, owner = web_client(), current_owner()
    _check_room(client, len(items) + (final_job is not None))
    batch_id = retry(lambda: new_id(client, owner, kind=BATCH))
    tasks = [task] * len(items) if isinstance(task, str) else list(task)
    each = [replace(one, batch_id=batch_id) for one in each]
    ids = [retry(lambda: new_id(client, owner)) for _ in items]
    with each_file_once():
        jobs = [
            make_job(client, one, (), item, job_id=job_id, options=own)
            for one, job_id, item, own in zip(tasks, ids, items, each, strict=True)
        ]
        last = [_make_final_job(client, final_job, ids, each[0])] if final_job else []
        for name in dict.fromkeys(tasks):
            calls = [((), item) for one, item in zip(tasks, items, strict=True) if one == name]
            check_rates(name, calls)
    check_high(client, [job_id for job_id, one in zip(ids, each, strict=True) if one.high_priority])
    ids += [job.id for job in last]
    tasks += [final_job.task] if final_job else []
    retry(lambda: _store(client, batch_id, ids))
    enqueue([*jobs, *last], each[0])
    records: list[JobRecord | None] = [
        JobRecord(id=job_id, status="queued", task=name)
        for job_id, name in zip(ids, tasks, strict=True)
    ]
    return Batch(batch_id, ids, records)


def _check_room(client: Redis, count: int) -> None:
    limit = JobSettings.current().max_queue
    waiting = retry(lambda: count_waiting(client))
    raise_if_full(-1 if waiting + count > limit else 1)


def _make_final_job(
    client: Redis, final_job: FinalJob, job_ids: Sequence[str], options: JobOptions
) -> VectorJob:
    job_id = retry(lambda: new_id(client, current_owner()))
    options = replace(options, depends_on=tuple(job_ids), allow_failure=True)
    arguments = {**final_job.arguments, "job_ids": list(job_ids)}
    return make_job(client, final_job.task, (), arguments, job_id=job_id, options=options)


def fetch_batch(batch_id: str) -> Batch:
    """Return a batch of the current owner. Raises NotFound."""
    client = web_client()
    if not isinstance(batch_id, str) or not JOB_ID.fullmatch(batch_id):
        raise NotFound("batch not found or expired", code="batch-not-found")

    def read() -> tuple[bytes | None, list[bytes]]:
        with client.pipeline(transaction=False) as pipeline:
            pipeline.hget(keys.batch_key(batch_id), "owner")
            pipeline.lrange(f"{keys.batch_key(batch_id)}:jobs", 0, -1)
            owner, ids = pipeline.execute()
        return owner, ids

    owner, raw_ids = retry(read)
    if owner is None or owner.decode(errors="replace") != current_owner():
        raise NotFound("batch not found or expired", code="batch-not-found")
    ids = [job_id.decode() for job_id in raw_ids]
    return Batch(batch_id, ids, current_backend().fetch(ids))


def cancel_batch(batch_id: str) -> Batch:
    """Cancel the jobs of a batch that have not started, and return the batch. Raises NotFound."""
    for job_id in fetch_batch(batch_id).job_ids:
        cancel_job(job_id)
    return fetch_batch(batch_id)


def _store(client: Redis, batch_id: str, ids: list[str]) -> None:
    key, lifetime = keys.batch_key(batch_id), JobSettings.current().failure_ttl + 86400
    with client.pipeline() as pipeline:
        pipeline.hset(
            key, mapping={"owner": current_owner(), "created": time.time(), "total": len(ids)}
        )
        pipeline.delete(f"{key}:jobs")
        pipeline.rpush(f"{key}:jobs", *ids)
        pipeline.expire(key, lifetime)
        pipeline.expire(f"{key}:jobs", lifetime)
        pipeline.execute()
