"""Putting jobs on the queue and taking them off again."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from marshmallow import ValidationError
from redis import Redis, exceptions
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from libraries.job_manager import transitions
from libraries.job_manager.catalogue import check_task
from libraries.job_manager.connections import patiently, web_client
from libraries.job_manager.errors import BadArguments, BadTimeout
from libraries.job_manager.jobs import VectorJob
from libraries.job_manager.keys import QUEUE
from libraries.job_manager.records import JOB_ID
from libraries.settings import get_settings, parse_duration

LONGEST_TIMEOUT = 86400


def enqueue_background_job(task_function: str, *args: Any, job_timeout: str | int | None = None, **kwargs: Any) -> Job:
    """Queue a task and return at once; the returned object's `.id` is what to follow it by.

    Args:
        task_function: dotted path of a public function of a `workers/*_tasks.py` module.
        *args: positional arguments of the task; anything that JSON can write.
        job_timeout: how long the job may run, as `300`, `'90s'`, `'5m'` or `'1h'`; the setting `JOB_TIMEOUT` if not given.
        **kwargs: keyword arguments of the task, whatever their names.

    Raises:
        UnknownTask: there is no such task.
        BadArguments: the arguments cannot be written as JSON.
        BadTimeout: the timeout is not between a second and a day.
        QueueUnavailable: the broker cannot be reached; nothing was queued.
    """
    return submit(task_function, args, kwargs, job_timeout=job_timeout)


def submit(
    task: str,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    job_timeout: str | int | None = None,
    at_front: bool = False,
) -> Job:
    """Queue a task as `enqueue_background_job` does, with the queue's own options apart from the task's arguments.

    The job's id is made here, and the broker refuses an id that it has: when the reply to a write is lost and the write is
    repeated, the second one finds the job in place, so one call is one job.
    """
    settings = get_settings()
    check_task(task)
    timeout = check_timeout(job_timeout if job_timeout is not None else settings.job_timeout)
    queue = _queue(web_client(settings))
    job_id = str(uuid.uuid4())

    def write() -> Job:
        try:
            return queue.enqueue_call(
                task,
                args=tuple(args),
                kwargs=dict(kwargs or {}),
                timeout=timeout,
                result_ttl=settings.result_ttl,
                failure_ttl=settings.failure_ttl,
                description=task,
                job_id=job_id,
                at_front=at_front,
                unique=True,
            )
        except DuplicateJobError:
            return VectorJob(job_id, connection=queue.connection, serializer=JSONSerializer)
        except exceptions.OutOfMemoryError as error:
            raise exceptions.ConnectionError("the broker is out of memory") from error

    try:
        return patiently(write)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadArguments(f"the arguments of {task} cannot be written as JSON") from error


def check_timeout(timeout: str | int) -> int:
    """Return a job's timeout in seconds.

    Raises:
        BadTimeout: it is not a duration between one second and one day.
    """
    try:
        seconds = parse_duration(str(timeout))
    except ValidationError:
        seconds = 0
    if isinstance(timeout, bool) or not 1 <= seconds <= LONGEST_TIMEOUT:
        raise BadTimeout("a job's timeout is a duration such as '90s', '5m' or '1h', at most a day", field="job_timeout")
    return seconds


def cancel_job(job_id: str) -> bool:
    """Take a job that has not started off the queue; return whether it is canceled now.

    A job that runs or has ended is left alone, and so is an id that stands for no job. Safe to call twice.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    if not isinstance(job_id, str) or not JOB_ID.fullmatch(job_id):
        return False
    settings = get_settings()
    return patiently(lambda: transitions.cancel(web_client(settings), job_id, time.time(), settings.failure_ttl))


@lru_cache(maxsize=8)
def _queue(client: Redis) -> Queue:
    return Queue(QUEUE, connection=client, serializer=JSONSerializer, job_class=VectorJob)
