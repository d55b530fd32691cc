"""Putting jobs on the queue."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from marshmallow import ValidationError
from rq import Queue
from rq.job import Dependency, Job
from rq.serializers import JSONSerializer

from libraries.accounts import check_rate
from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.broker.scripts import run_script
from libraries.errors import Exhausted, InvalidInput
from libraries.job_manager import transitions
from libraries.job_manager.ids import new_id
from libraries.job_manager.immediate import run_if_immediate
from libraries.job_manager.jobs import VectorJob
from libraries.job_manager.ownership import current_owner
from libraries.job_manager.retry_policy import max_retries, retry_delays
from libraries.job_manager.tasks import (
    check_arguments,
    check_task,
    module_constant,
    named_arguments,
)
from libraries.settings import JobSettings, MailSettings, parse_duration

MAX_TIMEOUT_S = 86400
ANY_NUMBER = 10**9


@dataclass(frozen=True, kw_only=True)
class JobOptions:
    """How a job is to be queued, apart from its task's own arguments. What is None follows the settings or the task's policy.

    `job_timeout` and `result_ttl` are durations such as `300` or `'5m'`; `run_at` is a Unix time in seconds; `retries` says how
    often a failed job is tried again, `retry_pause` how many seconds the first pause is; `depends_on` names jobs that have to
    finish before, or with `allow_failure` to end, well or not. `id_prefix` stands in front of the job's id; `webhook` has the
    `url` that is told of the job's `events`, and perhaps a `secret`; `notify` puts what becomes of the job among its owner's
    notifications; `internal` jobs are work of the service's own: they are not listed, and a full queue does not refuse them.
    """

    job_timeout: str | int | None = None
    result_ttl: int | None = None
    at_front: bool = False
    run_at: float | None = None
    retries: int | None = None
    retry_pause: float | None = None
    depends_on: tuple[str, ...] = ()
    allow_failure: bool = False
    batch_id: str = ""
    id_prefix: str = ""
    webhook: Mapping[str, Any] | None = None
    notify: bool = False
    internal: bool = False


def enqueue_background_job(
    task_function: str, *args: Any, job_timeout: str | int | None = None, **kwargs: Any
) -> Job:
    """Queue a task and return at once; the returned object's `.id` is what to follow it by.

    Args:
        task_function: dotted path of a public function of a `workers/*_tasks.py` module.
        *args: positional arguments of the task; anything that JSON can write.
        job_timeout: how long the job may run, as `300`, `'90s'`, `'5m'` or `'1h'`; the setting `JOB_TIMEOUT`, five minutes, if
            not given.
        **kwargs: keyword arguments of the task, whatever their names.

    Raises:
        UnknownTask: there is no such task.
        InvalidInput: the arguments cannot be written as JSON.
        InvalidInput: the timeout is not between a second and a day.
        Exhausted: as many jobs wait as the setting `MAX_QUEUE` allows.
        Exhausted: the task is metered, and its owner or a recipient has had as much of it as an hour allows.
        QueueUnavailable: the broker cannot be reached; nothing was queued.
    """
    return submit(task_function, args, kwargs, JobOptions(job_timeout=job_timeout))


def submit(
    task: str,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    options: JobOptions | None = None,
) -> Job:
    """Queue a task as `enqueue_background_job` does, with the queue's own options apart from the task's arguments.

    The job's id is made here, and the broker refuses an id that it has: when the reply to a write is lost and the write is
    repeated, the second one finds the job in place, so one call is one job.
    """
    options = options or JobOptions()
    client = web_client()
    job_id = retry(lambda: new_id(client, current_owner(), prefix=options.id_prefix))
    job = make_job(client, task, args, kwargs or {}, job_id=job_id, options=options)
    if not options.internal:
        check_rates(task, [(args, kwargs or {})])
    if options.depends_on:
        retry(lambda: enqueue_dependent(client, job, options))
    else:
        raise_if_full(retry(lambda: enqueue(client, job, options)))
    run_if_immediate([job_id])
    return job


def check_rates(task: str, calls: Sequence[tuple[Sequence[Any], Mapping[str, Any]]]) -> None:
    """Count `calls` of a task, each as its arguments `args, kwargs`, if its module says `METERED = "mail"`: all of them or none.

    They count for the owner, and for each recipient that the argument `recipient` or `recipients` names. The limits are the
    settings `<NAME>_PER_HOUR` and `<NAME>_PER_RECIPIENT`.

    Raises:
        Exhausted: a limit does not allow it; the error says when it does.
        QueueUnavailable: the broker cannot be reached.
    """
    name = module_constant(task.rpartition(".")[0], "METERED")
    if not isinstance(name, str):
        return
    limits = MailSettings.current()
    named = [_recipients(named_arguments(task, args, kwargs)) for args, kwargs in calls]
    check_rate(
        name,
        current_owner(),
        Counter(one for recipients in named for one in recipients),
        amount=sum(max(1, len(recipients)) for recipients in named),
        limit=getattr(limits, f"{name}_per_hour"),
        recipient_limit=getattr(limits, f"{name}_per_recipient"),
    )


def _recipients(arguments: Mapping[str, Any]) -> list[str]:
    named = arguments.get("recipients", arguments.get("recipient"))
    listed = named if isinstance(named, list | tuple) else [] if named is None else [named]
    return [str(one).lower() for one in listed]


def make_job(
    client: Redis,
    task: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    *,
    job_id: str,
    options: JobOptions,
) -> VectorJob:
    """Return a job with everything but its place in the queue.

    Raises:
        UnknownTask, InvalidInput: as `enqueue_background_job`.
    """
    settings = JobSettings.current()
    check_task(task)
    check_arguments(task, args, kwargs)
    retries = max_retries(task, settings, wanted=options.retries)
    job: VectorJob = VectorJob.create(  # type: ignore[assignment]
        task,
        args=tuple(args),
        kwargs=dict(kwargs),
        connection=client,
        id=job_id,
        timeout=check_timeout(
            options.job_timeout if options.job_timeout is not None else settings.job_timeout
        ),
        result_ttl=options.result_ttl or settings.result_ttl,
        failure_ttl=settings.failure_ttl,
        description=task,
        origin=keys.QUEUE,
        serializer=JSONSerializer,
        depends_on=Dependency(options.depends_on, allow_failure=options.allow_failure)
        if options.depends_on
        else None,
    )
    job.retries_left = retries or None
    # Fractions of a second are lost on stock RQ alone, which reads whole numbers.
    job.retry_intervals = (
        retry_delays(retries, first=options.retry_pause or settings.retry_pause)
        if retries
        else None  # type: ignore[assignment]
    )
    try:
        if json.dumps([job.args, job.kwargs], allow_nan=False):
            job.data  # noqa: B018 - writes the arguments as JSON now, not when the job is saved
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(
            f"the arguments of {task} cannot be written as JSON", code="bad-arguments"
        ) from error
    return job


def enqueue(client: Redis, job: VectorJob, options: JobOptions) -> int:
    """Queue a job in one step; see `lua/enqueue.lua` for what is returned. Safe to repeat."""
    arguments = enqueue_arguments(job, options, JobSettings.current())
    return int(run_script(client, "job_manager/enqueue", *arguments))


def enqueue_arguments(
    job: VectorJob, options: JobOptions, settings: JobSettings
) -> tuple[tuple[str, ...], list[Any]]:
    """Return the keys and the arguments of `lua/enqueue.lua` for a job."""
    owner = current_owner()
    script_keys = (
        keys.job_key(job.id),
        keys.QUEUE_KEY,
        keys.QUEUES_KEY,
        keys.SCHEDULED_KEY,
        keys.owner_key(owner),
    )
    place = "L" if options.at_front else "R"
    if options.run_at is not None and options.run_at > time.time():
        place = str(options.run_at)
    fields = [part for pair in record_fields(job, owner, options).items() for part in pair]
    created = job.created_at.timestamp() if job.created_at else time.time()
    most, listed_for = settings.max_queue, settings.failure_ttl + 86400
    if options.internal:
        most, listed_for = ANY_NUMBER, 0
    return script_keys, [job.id, most, place, created, listed_for, *fields]


def record_fields(job: VectorJob, owner: str, options: JobOptions) -> dict[str, Any]:
    """Return the fields of the job's record: RQ's own, without its empty ones, and ours."""
    fields = {name: value for name, value in job.to_dict().items() if value != ""}
    return (
        fields
        | {"status": "queued", "enqueued_at": transitions.iso(time.time())}
        | extra_fields(owner, options)
    )


def extra_fields(owner: str, options: JobOptions) -> dict[str, str]:
    """Return the fields of a job's record that are ours alone."""
    fields = {"owner": owner}
    if options.batch_id:
        fields["batch"] = options.batch_id
    if options.notify:
        fields["notify"] = "1"
    if options.webhook:
        fields["webhook"] = json.dumps(dict(options.webhook))
        # With a comma on either side of each, so that a script finds a whole word.
        fields["webhook_events"] = f",{','.join(options.webhook['events'])},"
    return fields


def raise_if_full(outcome: int) -> None:
    """Raise QueueFull if that is what `lua/enqueue.lua` returned; an id that was there already is this very job."""
    if outcome < 0:
        raise Exhausted(
            "as many jobs wait as the queue may hold; try again when some are done",
            retry_after=5,
            code="queue-full",
        )


def check_timeout(timeout: str | int) -> int:
    """Return a job's timeout in seconds.

    Raises:
        InvalidInput: it is not a duration between one second and one day.
    """
    try:
        seconds = parse_duration(str(timeout))
    except ValidationError:
        seconds = 0
    if isinstance(timeout, bool) or not 1 <= seconds <= MAX_TIMEOUT_S:
        raise InvalidInput(
            "a job's timeout is a duration such as '90s', '5m' or '1h', at most a day",
            field="job_timeout",
            code="bad-timeout",
        )
    return seconds


def enqueue_dependent(client: Redis, job: VectorJob, options: JobOptions) -> None:
    """Queue a job that waits for others, as RQ does it; repeated, it only says the same again."""
    owner = current_owner()
    # Saved with the rest: where there is nothing left to wait for, a worker takes the job at once.
    job.extra_fields = extra_fields(owner, options)
    if not client.exists(keys.job_key(job.id)):
        background_queue(client).enqueue_job(job)
    created = (job.created_at or datetime.now(UTC)).timestamp()
    with client.pipeline() as pipeline:
        pipeline.zadd(keys.owner_key(owner), {job.id: created})
        pipeline.expire(keys.owner_key(owner), JobSettings.current().failure_ttl + 86400)
        pipeline.execute()


@lru_cache(maxsize=8)
def background_queue(client: Redis) -> Queue:
    """Return RQ's own view of the queue."""
    return Queue(keys.QUEUE, connection=client, serializer=JSONSerializer, job_class=VectorJob)
