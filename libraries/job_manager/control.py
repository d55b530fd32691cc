"""Operations on jobs and on the queue: find, cancel, stop, retry, delete; pause, resume, health."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypedDict, cast

from rq.utils import as_text
from rq.worker_registration import REDIS_WORKER_KEYS

from libraries.accounts import admitted, count_waiting, forget_waiting
from libraries.broker import Redis, exceptions, keys
from libraries.broker.connections import web_client
from libraries.broker.errors import QueueUnavailable
from libraries.broker.retry import retry
from libraries.job_manager.backends import ImmediateBackend, RqBackend, current_backend, fetch_job
from libraries.job_manager.errors import BadRecord, JobUnknown, WrongState
from libraries.job_manager.ids import creation_time
from libraries.job_manager.jobs import stored_call
from libraries.job_manager.ownership import current_owner
from libraries.job_manager.records import JOB_ID, JobRecord
from libraries.job_manager.states import UNREADABLE
from libraries.job_manager.submission import JobOptions, submit
from libraries.job_manager.tasks import changed_call, check_task
from libraries.job_manager.transitions import HEARTBEAT_S, request_finish
from libraries.json_types import JsonObject
from libraries.settings import JobSettings, LimitSettings

STOP_TIMEOUT_S = 3.0
POLL_S = 0.02
# After its expiry, a job is reported as expired for this long, then as not found.
EXPIRED_REPORTED_S = 7 * 86400

# Field of a worker's record: the modules that it could not load, as JSON.
NOT_LOADED = "not_loaded"
# RQ's setting for the records of our workers, which expire a minute later.
WORKER_TTL_S = 20
RQ_TTL_MARGIN_S = 60
# Two heartbeats are missing. A stock RQ worker is silent for minutes.
MAX_SILENCE_S = 2 * HEARTBEAT_S + 2
WORKER_FIELDS = ("birth", "death", "total_working_time", "successful_job_count", "failed_job_count")


class Capacity(TypedDict):
    """Load of the queue; `estimated_wait_s` is the time until a new job starts.

    `all_owners` is False if the numbers of jobs and the limit are those of one owner.
    """

    queue_depth: int
    active_jobs: int
    workers: int
    max_queue: int
    all_owners: bool
    estimated_wait_s: float | None
    paused: bool


def find_job(job_id: str) -> JobRecord:
    """Return a job of the current owner. Raises JobUnknown."""
    record = fetch_job(job_id)
    if record is None or not _is_own(record):
        raise JobUnknown("job not found or expired")
    return record


def owner_of(*, job_id: object = None, batch_id: object = None) -> str | None:
    """Return the owner of a job or a batch, None if it does not exist or its record is damaged."""
    name = batch_id if job_id is None else job_id
    if not isinstance(name, str) or not JOB_ID.fullmatch(name):
        return None
    key = keys.batch_key(name) if job_id is None else keys.job_key(name)
    try:
        owner = cast("bytes | None", retry(lambda: web_client().hget(key, "owner")))
    except exceptions.ResponseError:
        return None
    return owner.decode(errors="replace") if owner else None


def find_jobs(job_ids: Sequence[str]) -> list[JobRecord]:
    """Return those of the jobs that the current owner has."""
    known = [job_id for job_id in job_ids if JOB_ID.fullmatch(job_id)]
    records = current_backend().fetch(known) if known else []
    return [record for record in records if record is not None and _is_own(record)]


def change_jobs(action: str, records: Sequence[JobRecord]) -> dict[str, str]:
    """Cancel, retry or delete jobs; return the new states of those that could be changed at once.

    The others are running, in another state, or the queue is full: change them one by one.
    """
    backend = current_backend()
    if not isinstance(backend, RqBackend) or not records:
        return {}
    changed = backend.change(action, records)
    if action != "retry" and changed:
        _forget_waiting(current_owner(), *changed)
    return changed


def _is_own(record: JobRecord) -> bool:
    """Return whether a job belongs to the current owner; if unreadable, according to its id."""
    if record.owner or record.status != UNREADABLE:
        return record.owner == current_owner()
    return retry(lambda: creation_time(web_client(), record.id, current_owner())) is not None


def cancel_job(job_id: str) -> bool:
    """Cancel a job that has not started; return whether it is canceled. Idempotent.

    Unknown, running and ended jobs are not changed.
    """
    if not isinstance(job_id, str) or not JOB_ID.fullmatch(job_id):
        return False
    is_canceled = current_backend().cancel(job_id)
    if is_canceled:
        _forget_waiting(current_owner(), job_id)
    return is_canceled


def _forget_waiting(owner: str, *job_ids: str) -> None:
    """Let jobs that were canceled or deleted make room at once."""
    if LimitSettings.current().limit("owner_queue"):
        forget_waiting(web_client(), owner, job_ids)


def stop_job(job_id: str, *, patience: float = STOP_TIMEOUT_S) -> JobRecord:
    """Cancel a waiting job or stop a running one, and return its record.

    Raises JobUnknown, or WrongState if it has ended or does not stop within `patience` seconds.
    """
    record = find_job(job_id)
    deadline = time.monotonic() + patience
    while not record.done and time.monotonic() < deadline:
        # The job may start or end at any time.
        if not cancel_job(job_id) and record.status == "started":
            current_backend().stop(job_id)
        time.sleep(POLL_S)
        record = find_job(job_id)
    if record.status not in ("canceled", "stopped"):
        raise WrongState(f"the job is {record.status} and could not be canceled", record.status)
    return record


def finish_job(job_id: str) -> JobRecord:
    """Ask a job to end with the best result so far, and return its record.

    Tasks that search for a better result obey; others continue. Raises JobUnknown, or WrongState if
    it has ended.
    """
    record = find_job(job_id)
    if record.done:
        raise WrongState(f"the job is {record.status} already", record.status)
    retry(lambda: request_finish(web_client(), job_id))
    return find_job(job_id)


def retry_job(job_id: str) -> JobRecord:
    """Queue a job again that failed, was stopped or was canceled, and return its record.

    Raises JobUnknown, WrongState if it is in another state, or Exhausted if the queue is full.
    """
    record = find_job(job_id)
    with admitted(web_client(), record.owner, [job_id]):
        is_queued = current_backend().retry(record)
    if not is_queued:
        raise WrongState(
            f"the job is {record.status}; only a failed, stopped or canceled job can be retried",
            record.status,
        )
    return find_job(job_id)


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Changes to the arguments of a job, as for `tasks.changed_call`."""

    args: Sequence[Any] | None = None
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    unset: Sequence[str] = ()


def retry_with_changes(
    job_id: str, changes: Changes, change_options: Callable[[JobOptions], JobOptions]
) -> JobRecord:
    """Queue an ended job again as a new job with other arguments, and return the new record.

    `change_options` is called with the options of the ended job; both jobs stay in the list, and
    the new one has the id of the other as `retry_of`. Raises JobUnknown, WrongState if the job has
    not ended, BadRecord if its call cannot be read, and as `submit`.
    """
    record = find_job(job_id)
    if not record.done:
        raise WrongState(
            f"the job is {record.status}; cancel it before you retry it with changes", record.status
        )
    if record.status == UNREADABLE:
        raise BadRecord(str(record.error))
    client = web_client()
    stored = cast("dict[bytes, bytes]", retry(lambda: client.hgetall(keys.job_key(job_id))))
    check_task(record.task)
    call = stored_call(client, job_id, stored)
    args, kwargs = changed_call(
        record.task, call, args=changes.args, kwargs=changes.kwargs, unset=changes.unset
    )
    options = change_options(_options_of(record, stored))
    queued = submit(record.task, args, kwargs, replace(options, retry_of=job_id))
    return find_job(queued.id)


def _options_of(record: JobRecord, stored: Mapping[bytes, bytes]) -> JobOptions:
    """Return the options of a job that apply to a repetition."""
    webhook = stored.get(b"webhook")
    return JobOptions(
        job_timeout=record.timeout or None,
        result_ttl=int(stored.get(b"result_ttl", 0)) or None,
        webhook=json.loads(webhook) if webhook else None,
        notify=b"notify" in stored,
        id_prefix=record.id.rpartition("_")[0],
        tags=tuple(record.tags),
        concurrency_key=stored.get(b"concurrency_key", b"").decode(errors="replace"),
        concurrency=int(stored.get(b"concurrency", 0)) or None,
    )


def delete_job(job_id: str) -> None:
    """Delete the record and the files of a job. Raises JobUnknown, WrongState if it is running."""
    record = find_job(job_id)
    if not current_backend().delete(job_id):
        raise WrongState("the job is running; stop it first", "started")
    if not record.done:
        _forget_waiting(record.owner, job_id)


def existed(job_id: str) -> bool:
    """Return whether this id belonged to a job of the current owner that has expired."""
    if not isinstance(job_id, str) or not JOB_ID.fullmatch(job_id):
        return False
    settings = JobSettings.current()
    created = retry(lambda: creation_time(web_client(), job_id, current_owner()))
    if created is None:
        return False
    return not created or time.time() - created < EXPIRED_REPORTED_S + max(
        settings.result_ttl, settings.failure_ttl
    )


def pause_queue() -> None:
    """Pause the queue, as `rq suspend` does; running jobs continue."""
    retry(lambda: web_client().set(keys.SUSPENDED_KEY, 1))


def resume_queue() -> None:
    """Resume the queue, as `rq resume` does."""
    client = web_client()
    retry(lambda: client.delete(keys.SUSPENDED_KEY))
    backend = current_backend()
    if isinstance(backend, ImmediateBackend):
        backend.run_waiting()


def capacity() -> Capacity:
    """Return the load of the queue; the wait is estimated from average job durations."""
    depth, active, paused, workers = retry(partial(_load, web_client()))
    seconds = sum(float(fields[2] or 0) for fields in workers)
    jobs = sum(int(fields[3] or 0) + int(fields[4] or 0) for fields in workers)
    wait = round(depth * seconds / jobs / len(workers), 3) if workers and jobs else None
    return {
        "queue_depth": depth,
        "active_jobs": active,
        "workers": len(workers),
        "max_queue": JobSettings.current().max_queue,
        "all_owners": True,
        "estimated_wait_s": 0.0 if not depth and workers else wait,
        "paused": bool(paused),
    }


def own_capacity() -> Capacity:
    """Return the load of the queue with the numbers and the limit of the current owner."""
    client, owner, whole = web_client(), current_owner(), capacity()
    limit = LimitSettings.current().limit("owner_queue")
    return {
        **whole,
        "queue_depth": retry(lambda: count_waiting(client, owner)),
        "active_jobs": retry(lambda: _count_running(client, owner)),
        "max_queue": min(whole["max_queue"], limit or whole["max_queue"]),
        "all_owners": False,
    }


def _count_running(client: Redis, owner: str) -> int:
    members = cast("list[bytes]", client.zrange(keys.STARTED_KEY, 0, -1))
    with client.pipeline(transaction=False) as pipeline:
        for member in members:
            pipeline.hget(keys.job_key(member.decode().partition(":")[0]), "owner")
        return pipeline.execute(raise_on_error=False).count(owner.encode())


def _load(client: Redis) -> tuple[int, int, int, list[list[bytes | None]]]:
    with client.pipeline(transaction=False) as pipeline:
        pipeline.llen(keys.QUEUE_KEY)
        pipeline.zcard(keys.STARTED_KEY)
        pipeline.exists(keys.SUSPENDED_KEY)
        pipeline.smembers(keys.WORKERS_KEY)
        depth, active, paused, names = pipeline.execute()
    return depth, active, paused, _live_workers(client, names)


def _live_workers(client: Redis, names: Iterable[bytes | str]) -> list[list[bytes | None]]:
    """Return the WORKER_FIELDS of the workers that send heartbeats and have not ended."""
    return _workers(client, names)[0]


def _workers(client: Redis, names: Iterable[bytes | str]) -> tuple[list[list[bytes | None]], int]:
    """Return the WORKER_FIELDS of the workers that send heartbeats, and the number of silent ones."""
    with client.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.hmget(name, [*WORKER_FIELDS, NOT_LOADED])
            pipeline.ttl(name)
        replies = iter(pipeline.execute())
    alive, silent = [], 0
    for fields, ttl_s in zip(replies, replies, strict=True):
        birth, death, is_ours = fields[0], fields[1], fields[-1] is not None
        if not birth or death:
            continue
        if is_ours and WORKER_TTL_S + RQ_TTL_MARGIN_S - ttl_s > MAX_SILENCE_S:
            silent += 1
        else:
            alive.append(fields)
    return alive, silent


class QueueHealth(TypedDict):
    """Reachability of the broker, and the numbers of workers that send heartbeats and that do not."""

    broker: bool
    workers: int
    silent_workers: int


def queue_health() -> QueueHealth:
    """Return the health of the queue; takes about a second if the broker is unreachable."""
    client = web_client()
    try:
        alive, silent = retry(lambda: _workers(client, client.smembers(keys.WORKERS_KEY)))
    except QueueUnavailable:
        return {"broker": False, "workers": 0, "silent_workers": 0}
    return {"broker": True, "workers": len(alive), "silent_workers": silent}


def silent_text(number: int) -> str:
    return f"{number} silent for more than {MAX_SILENCE_S:g} s"


def problems_of_workers() -> list[JsonObject]:
    """Return the modules that workers could not load; [] if the broker is unreachable."""
    client = web_client()
    try:
        texts = retry(lambda: _not_loaded_by_workers(client))
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
    return len(_live_workers(client, client.smembers(keys.WORKERS_KEY)))


def count_silent_workers(client: Redis) -> int:
    """Return the number of workers that have not sent a heartbeat for MAX_SILENCE_S."""
    return _workers(client, client.smembers(keys.WORKERS_KEY))[1]


def count_other_workers(client: Redis) -> int:
    """Return the number of live workers that do not take jobs of our queue."""
    return len(_live_workers(client, client.smembers(REDIS_WORKER_KEYS))) - count_workers(client)
