"""What can be done with a job and with the queue on request."""

from __future__ import annotations

import json
import time
from typing import TypedDict

from rq.command import send_stop_job_command
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.serializers import JSONSerializer
from rq.utils import as_text
from rq.worker_registration import REDIS_WORKER_KEYS

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.errors import QueueUnavailable
from libraries.broker.retry import retry
from libraries.job_manager import transitions
from libraries.job_manager.deletion import delete_job_data
from libraries.job_manager.errors import JobUnknown, WrongState
from libraries.job_manager.ids import made_here
from libraries.job_manager.immediate import run_if_immediate, run_waiting_if_immediate
from libraries.job_manager.ownership import current_owner
from libraries.job_manager.records import JOB_ID, JobRecord, fetch_job
from libraries.job_manager.retry_policy import max_retries
from libraries.job_manager.submission import raise_if_full
from libraries.json_types import JsonObject
from libraries.settings import JobSettings

STOP_TIMEOUT_S = 3.0
POLL_S = 0.02
# How long clients are told of an expired record that there was one: seven days, in seconds.
EXPIRED_KNOWN_S = 7 * 86400

# Field of a worker's record with the modules that it could not load, as JSON.
NOT_LOADED = "not_loaded"


class Capacity(TypedDict):
    """How busy the queue is: jobs that wait, jobs that run, workers, the most that may wait, seconds until a new job begins."""

    queue_depth: int
    active_jobs: int
    workers: int
    max_queue: int
    estimated_wait_s: float | None
    paused: bool


def find_job(job_id: str) -> JobRecord:
    """Return a job of the owner that the running code acts for.

    Raises:
        JobUnknown: there is no such job, or it belongs to somebody else.
        QueueUnavailable: the broker cannot be reached.
    """
    record = fetch_job(job_id)
    if record is None or record.owner != current_owner():
        raise JobUnknown("there is no job with this id, or its record has expired")
    return record


def cancel_job(job_id: str) -> bool:
    """Take a job that has not begun out of the queue; return whether it is canceled now.

    A job that runs or has ended is left alone, and so is an id that stands for no job. Safe to call twice.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    if not isinstance(job_id, str) or not JOB_ID.fullmatch(job_id):
        return False
    settings = JobSettings.current()
    return retry(
        lambda: transitions.cancel(web_client(), job_id, time.time(), settings.failure_ttl)
    )


def stop_job(job_id: str, *, patience: float = STOP_TIMEOUT_S) -> JobRecord:
    """Cancel a job that waits or stop one that runs, and return it once it is so.

    Raises:
        JobUnknown: there is no such job of the current owner.
        WrongState: it has ended by itself, or did not stop within `patience` seconds.
        QueueUnavailable: the broker cannot be reached.
    """
    record = find_job(job_id)
    deadline = time.monotonic() + patience
    while not record.done and time.monotonic() < deadline:
        # A job may begin or end at any moment: ask for what its present state allows, and look again.
        if not cancel_job(job_id) and record.status == "started":
            _ask_to_stop(job_id)
        time.sleep(POLL_S)
        record = find_job(job_id)
    if record.status not in ("canceled", "stopped"):
        raise WrongState(f"the job is {record.status} and could not be canceled", record.status)
    return record


def _ask_to_stop(job_id: str) -> None:
    client = web_client()
    try:
        retry(lambda: send_stop_job_command(client, job_id, serializer=JSONSerializer))
    except (InvalidJobOperation, NoSuchJobError):
        return  # it has just ended


def retry_job(job_id: str) -> JobRecord:
    """Queue a job again that failed, was stopped or was canceled, and return it.

    Raises:
        JobUnknown: there is no such job of the current owner.
        WrongState: it waits, runs or has finished.
        Exhausted: as many jobs wait as the queue may hold.
        QueueUnavailable: the broker cannot be reached.
    """
    record, settings = find_job(job_id), JobSettings.current()
    retries = max_retries(record.task, settings)
    outcome = retry(
        lambda: transitions.retry(web_client(), job_id, time.time(), retries, settings.max_queue)
    )
    raise_if_full(outcome)
    if not outcome:
        raise WrongState(
            f"the job is {record.status}; only one that ended without a result can be tried again",
            record.status,
        )
    run_if_immediate([job_id])
    return find_job(job_id)


def delete_job(job_id: str) -> None:
    """Remove the record of a job that does not run, and the files that it made.

    Raises:
        JobUnknown: there is no such job of the current owner.
        WrongState: it runs.
        QueueUnavailable: the broker cannot be reached.
    """
    find_job(job_id)
    client = web_client()
    if not retry(lambda: delete_job_data(client, job_id)):
        raise WrongState("the job runs; stop it first", "started")


def existed(job_id: str) -> bool:
    """Tell whether the current owner had a job with this id whose record is gone by now."""
    if not isinstance(job_id, str) or not JOB_ID.fullmatch(job_id):
        return False
    settings = JobSettings.current()
    made = retry(lambda: made_here(web_client(), job_id, current_owner()))
    if made is None:
        return False
    return not made or time.time() - made < EXPIRED_KNOWN_S + max(
        settings.result_ttl, settings.failure_ttl
    )


def pause_queue() -> None:
    """Let the workers take no new job until `resume_queue`; the running ones go on. As `rq suspend` does."""
    retry(lambda: web_client().set(keys.SUSPENDED_KEY, 1))


def resume_queue() -> None:
    """Let the workers take jobs again. As `rq resume` does."""
    client = web_client()
    retry(lambda: client.delete(keys.SUSPENDED_KEY))
    run_waiting_if_immediate(client)


def capacity() -> Capacity:
    """Return how busy the queue is, in two round trips and without any of RQ's clean-up.

    The wait is estimated from what the present workers' jobs have taken on average; None while nothing is known of that.
    """
    client, settings = web_client(), JobSettings.current()

    def read() -> Capacity:
        with client.pipeline(transaction=False) as pipeline:
            pipeline.llen(keys.QUEUE_KEY)
            pipeline.zcard(keys.STARTED_KEY)
            pipeline.exists(keys.SUSPENDED_KEY)
            pipeline.smembers(REDIS_WORKER_KEYS)
            depth, active, paused, names = pipeline.execute()
            for name in names:
                pipeline.hmget(
                    name,
                    [
                        "birth",
                        "death",
                        "total_working_time",
                        "successful_job_count",
                        "failed_job_count",
                    ],
                )
            workers = [fields for fields in pipeline.execute() if fields[0] and not fields[1]]
        seconds = sum(float(fields[2] or 0) for fields in workers)
        jobs = sum(int(fields[3] or 0) + int(fields[4] or 0) for fields in workers)
        wait = round(depth * seconds / jobs / len(workers), 3) if workers and jobs else None
        return {
            "queue_depth": depth,
            "active_jobs": active,
            "workers": len(workers),
            "max_queue": settings.max_queue,
            "estimated_wait_s": 0.0 if not depth and workers else wait,
            "paused": bool(paused),
        }

    return retry(read)


class QueueHealth(TypedDict):
    """Whether the broker answers, and how many workers have lately said that they are alive."""

    broker: bool
    workers: int


def queue_health() -> QueueHealth:
    """Return the health of the queue, in about a second at most also when the broker is away."""
    client = web_client()
    try:
        return {"broker": True, "workers": retry(lambda: count_workers(client))}
    except QueueUnavailable:
        return {"broker": False, "workers": 0}


def problems_of_workers() -> list[JsonObject]:
    """Return the modules that workers could not load, as `LoadProblem.public` gives them.

    None are returned while the broker cannot be reached.
    """
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
    """Return how many workers have lately said that they are alive."""
    # A worker's record expires when its heartbeats stop; a worker that said goodbye leaves a record with its death.
    names = [as_text(key) for key in client.smembers(REDIS_WORKER_KEYS)]
    with client.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.hmget(name, ["birth", "death"])
        return sum(1 for birth, death in pipeline.execute() if birth and not death)
