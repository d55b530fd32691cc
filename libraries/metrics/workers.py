"""The workers, each with the job that it runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry


@dataclass(frozen=True)
class RunningJob:
    """A job that a worker runs; `started_at` is in ISO 8601."""

    id: str
    task: str
    owner: str
    started_at: str


@dataclass(frozen=True)
class WorkerState:
    """A live worker; times are in ISO 8601, `working_s` is the total duration of its jobs in seconds."""

    name: str
    host: str
    born_at: str
    state: str
    finished: int
    failed: int
    working_s: float
    job: RunningJob | None


def read_workers() -> list[WorkerState]:
    """Return up to 1,000 workers that are registered and have not ended, sorted by host and name."""
    client = web_client()
    return retry(lambda: _read(client, 1000))


def _read(client: Redis, most: int) -> list[WorkerState]:
    names = sorted(_texts(client.smembers(keys.WORKERS_KEY)))[:most]
    running = _running(client, most)
    fields = (
        "birth",
        "death",
        "hostname",
        "state",
        "successful_job_count",
        "failed_job_count",
        "total_working_time",
    )
    with client.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.hmget(name, fields)
        replies = [_texts(one) for one in pipeline.execute()]
    found = [
        WorkerState(
            name=own,
            host=host,
            born_at=birth,
            state="busy" if own in running else state if state != "busy" else "idle",
            finished=int(finished or 0),
            failed=int(failed or 0),
            working_s=float(seconds or 0),
            job=running.get(own),
        )
        for own, (birth, death, host, state, finished, failed, seconds) in zip(
            (name.removeprefix(keys.worker_key("")) for name in names), replies, strict=True
        )
        if birth and not death
    ]
    return sorted(found, key=lambda one: (one.host, one.name))


def _running(client: Redis, most: int) -> dict[str, RunningJob]:
    """Return the running jobs by the name of their worker."""
    members = _texts(client.zrange(keys.STARTED_KEY, 0, most))
    ids = [member.partition(":")[0] for member in members]
    with client.pipeline(transaction=False) as pipeline:
        for job_id in ids:
            pipeline.hmget(
                keys.job_key(job_id), "worker_name", "description", "owner", "started_at"
            )
        replies = pipeline.execute(raise_on_error=False)
    return {
        worker: RunningJob(job_id, task, owner, started)
        for job_id, reply in zip(ids, replies, strict=True)
        if isinstance(reply, list)
        for worker, task, owner, started in [_texts(reply)]
        if worker
    }


def _texts(values: Iterable[Any]) -> list[str]:
    """Return what the broker returned as texts, '' for missing values."""
    return [value.decode(errors="replace") if value else "" for value in values]
