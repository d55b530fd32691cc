"""Batches: many jobs of one task, queued together and followed by one id."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from libraries.broker import Redis, exceptions, keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.broker.scripts import script
from libraries.errors import InvalidInput, NotFound
from libraries.job_manager.control import cancel_job
from libraries.job_manager.ids import BATCH, new_id
from libraries.job_manager.immediate import run_if_immediate
from libraries.job_manager.jobs import VectorJob
from libraries.job_manager.ownership import current_owner
from libraries.job_manager.records import JOB_ID, JobRecord, fetch_jobs
from libraries.job_manager.submission import (
    JobOptions,
    check_rates,
    enqueue_arguments,
    enqueue_dependent,
    make_job,
    raise_if_full,
)
from libraries.settings import JobSettings

MAX_BATCH_ITEMS = 500
BLOCK = 100


@dataclass(frozen=True)
class Batch:
    """A batch as it stands: its jobs in the order of its items; None for one whose record is gone."""

    id: str
    job_ids: list[str]
    jobs: list[JobRecord | None]

    @property
    def counts(self) -> dict[str, int]:
        """How many jobs are in which state; `gone` for those whose record has expired."""
        return dict(Counter(job.status if job else "gone" for job in self.jobs))

    @property
    def percent(self) -> int:
        """How many of a hundred jobs have ended; 100 only when all have."""
        ended = sum(1 for job in self.jobs if job is None or job.done)
        return 100 * ended // len(self.jobs)

    @property
    def done(self) -> bool:
        """Tell whether every job has ended."""
        return all(job is None or job.done for job in self.jobs)


@dataclass(frozen=True)
class FinalJob:
    """A last job of a batch, which runs when all others have ended, well or not; its task gets their ids as `job_ids`.

    `task` is its dotted path, `arguments` are the task's other keyword arguments.
    """

    task: str
    arguments: Mapping[str, Any]


def submit_batch(
    task: str | Sequence[str],
    items: Sequence[Mapping[str, Any]],
    options: JobOptions | Sequence[JobOptions] | None = None,
    *,
    gathering: FinalJob | None = None,
) -> Batch:
    """Queue one job of `task`, or of its own task, for each item, the keyword arguments of the task, and return the batch.

    `options` are those of all jobs, or of each; the job of a `gathering` has those of the first.
    Either all of them are queued or, when the queue is too full for all, none. The job of a `gathering` is the last of the
    batch.

    Raises:
        InvalidInput: there are no items, or more than 500.
        UnknownTask, InvalidInput, Exhausted, QueueUnavailable: as `enqueue_background_job`.
    """
    if not 1 <= len(items) <= MAX_BATCH_ITEMS:
        raise InvalidInput(
            f"a batch has 1 to {MAX_BATCH_ITEMS} items", field="items", code="bad-batch"
        )
    settings, client = JobSettings.current(), web_client()
    room = retry(
        lambda: settings.max_queue - client.llen(keys.QUEUE_KEY) - client.zcard(keys.SCHEDULED_KEY)
    )
    raise_if_full(-1 if room < len(items) + (gathering is not None) else 1)
    owner = current_owner()
    batch_id = retry(lambda: new_id(client, owner, kind=BATCH))
    each = [options or JobOptions()] * len(items) if not isinstance(options, Sequence) else options
    each = [replace(one, batch_id=batch_id) for one in each]
    ids = [retry(lambda: new_id(client, owner)) for _ in items]
    tasks = [task] * len(items) if isinstance(task, str) else list(task)
    jobs = [
        make_job(client, one, (), item, job_id=job_id, options=own)
        for one, job_id, item, own in zip(tasks, ids, items, each, strict=True)
    ]
    last = make_gathering(client, gathering, ids, each[0]) if gathering is not None else None
    for name in dict.fromkeys(tasks):
        check_rates(
            name, [((), item) for one, item in zip(tasks, items, strict=True) if one == name]
        )
    everyone = [*ids, last.id] if last is not None else ids
    retry(lambda: _remember(client, batch_id, everyone))
    _enqueue_all(client, list(zip(jobs, each, strict=True)))
    if last is not None:
        retry(lambda: enqueue_dependent(client, last, each[0]))
    run_if_immediate(everyone)
    tasks += [gathering.task] if gathering is not None else []
    records: list[JobRecord | None] = [
        JobRecord(id=job_id, status="queued", task=one)
        for job_id, one in zip(everyone, tasks, strict=True)
    ]
    return Batch(batch_id, everyone, records)


def make_gathering(
    client: Redis, gathering: FinalJob, job_ids: Sequence[str], options: JobOptions
) -> VectorJob:
    """Return the job that runs when the jobs of a batch have ended."""
    job_id = retry(lambda: new_id(client, current_owner()))
    waiting = replace(options, depends_on=tuple(job_ids), allow_failure=True)
    return make_job(
        client,
        gathering.task,
        (),
        {**gathering.arguments, "job_ids": list(job_ids)},
        job_id=job_id,
        options=waiting,
    )


def fetch_batch(batch_id: str) -> Batch:
    """Return a batch of the owner that the running code acts for.

    Raises:
        NotFound: there is none with this id.
        QueueUnavailable: the broker cannot be reached.
    """
    client = web_client()
    if not isinstance(batch_id, str) or not JOB_ID.fullmatch(batch_id):
        raise NotFound("there is no batch with this id", code="batch-not-found")

    def read() -> tuple[bytes | None, list[bytes]]:
        with client.pipeline(transaction=False) as pipeline:
            pipeline.hget(keys.batch_key(batch_id), "owner")
            pipeline.lrange(f"{keys.batch_key(batch_id)}:jobs", 0, -1)
            owner, ids = pipeline.execute()
        return owner, ids

    owner, raw_ids = retry(read)
    if owner is None or owner.decode() != current_owner():
        raise NotFound(
            "there is no batch with this id, or its record has expired", code="batch-not-found"
        )
    ids = [job_id.decode() for job_id in raw_ids]
    return Batch(batch_id, ids, retry(lambda: fetch_jobs(client, ids)))


def cancel_batch(batch_id: str) -> Batch:
    """Cancel the jobs of a batch that have not begun, and return the batch; those that run go on.

    Raises:
        NotFound: there is no such batch of the current owner.
        QueueUnavailable: the broker cannot be reached.
    """
    for job_id in fetch_batch(batch_id).job_ids:
        cancel_job(job_id)
    return fetch_batch(batch_id)


def _remember(client: Redis, batch_id: str, ids: list[str]) -> None:
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


def _enqueue_all(client: Redis, jobs: Sequence[tuple[VectorJob, JobOptions]]) -> None:
    for job, options in jobs:
        if options.depends_on:
            retry(lambda job=job, options=options: enqueue_dependent(client, job, options))  # type: ignore[misc]
    ready = [(job, options) for job, options in jobs if not options.depends_on]
    for start in range(0, len(ready), BLOCK):
        block = ready[start : start + BLOCK]
        retry(lambda block=block: _enqueue_block(client, block))  # type: ignore[misc]


def _enqueue_block(client: Redis, jobs: Sequence[tuple[VectorJob, JobOptions]]) -> None:
    settings, source = JobSettings.current(), script("job_manager/enqueue")
    with client.pipeline(transaction=False) as pipeline:
        for job, options in jobs:
            script_keys, arguments = enqueue_arguments(
                job, options, replace(settings, max_queue=10**9)
            )
            pipeline.evalsha(source.sha, len(script_keys), *script_keys, *arguments)
        try:
            pipeline.execute()
        except exceptions.NoScriptError:
            client.script_load(source.text)
            _enqueue_block(client, jobs)
