"""Submission of jobs to the queue."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from marshmallow import ValidationError
from rq.job import Dependency, Job

from libraries.accounts import admitted, check_rate, forget_waiting
from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.errors import InvalidInput
from libraries.fair_queue import reserve_high
from libraries.job_index import entries_of
from libraries.job_manager.backends import current_backend
from libraries.job_manager.ids import new_id
from libraries.job_manager.jobs import VectorJob, shown_call
from libraries.job_manager.ownership import current_owner
from libraries.job_manager.tasks import (
    check_arguments,
    check_task,
    each_file_once,
    max_retries,
    module_constant,
    named_arguments,
)
from libraries.json_types import JsonObject
from libraries.settings import (
    AccessSettings,
    JobSettings,
    LimitSettings,
    MailSettings,
    parse_duration,
)
from libraries.storage.names import check_free, check_name

MAX_TIMEOUT_S = 86400


@dataclass(frozen=True, kw_only=True)
class JobOptions:
    """Options of a job other than the arguments of its task; None selects the default.

    `job_timeout` is a duration such as `300`, `'5m'` or a `timedelta`, `run_at` a time in Unix seconds,
    `retry_pause` the first retry delay in seconds. Jobs with `high_priority` go before the others. `depends_on` are jobs that must finish first, or
    end in any state with `allow_failure`. `webhook` has `url`, `events` and optionally `secret`.
    `notify` creates notifications for the owner. `tags` are labels for lists. `retry_of` is the job
    that this one repeats with other arguments. At most `concurrency` jobs (default 1) of an owner
    with the same `concurrency_key` are in the queue or run; the others wait for them. While a job
    with this `unique_key` has not ended, no other one is queued. `internal` jobs are not listed, and
    accepted by a full queue.
    """

    job_timeout: str | int | timedelta | None = None
    result_ttl: int | None = None
    high_priority: bool = False
    run_at: float | None = None
    retries: int | None = None
    retry_pause: float | None = None
    depends_on: tuple[str, ...] = ()
    allow_failure: bool = False
    batch_id: str = ""
    id_prefix: str = ""
    webhook: Mapping[str, Any] | None = None
    notify: bool = False
    tags: tuple[str, ...] = ()
    retry_of: str = ""
    concurrency_key: str = ""
    concurrency: int | None = None
    unique_key: str = ""
    internal: bool = False


def enqueue_background_job(
    task_function: str | Callable[..., Any] | None = None,
    /,
    *args: Any,
    job_timeout: str | int | timedelta | None = None,
    **kwargs: Any,
) -> Job:
    """Queue a task and return its job.

    Args:
        task_function: a task, as its dotted path or the function. Without a positional argument it
            may be a keyword; otherwise such a keyword is an argument of the task.
        *args: positional arguments of the task; JSON values, and numbers of NumPy.
        job_timeout: `300`, `'90s'`, `'5m'`, `'1h'` or a `timedelta`; by default the setting
            `JOB_TIMEOUT`.
        **kwargs: keyword arguments of the task; JSON values.

    Raises:
        UnknownTask: no such task.
        InvalidInput: invalid arguments, or a timeout that is not between 1 s and 1 day.
        Exhausted: the queue is full, or a rate limit of the task is reached.
        QueueUnavailable: the broker is unreachable; nothing was queued.
    """
    task = kwargs.pop("task_function", None) if task_function is None else task_function
    return submit(task, args, kwargs, JobOptions(job_timeout=job_timeout))


def submit(
    task: str | Callable[..., Any],
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    options: JobOptions | None = None,
) -> VectorJob:
    """Queue a task with `options`; errors as in `enqueue_background_job`.

    If another job has the unique key, nothing is queued, and the returned job has the id of that one.
    """
    options = options or JobOptions()
    if options.unique_key and options.depends_on:
        raise InvalidInput("cannot be combined with depends_on", field="unique_key")
    client = web_client()
    # The broker rejects a known id, so a retry after a lost reply queues no second job.
    job_id = retry(lambda: new_id(client, current_owner(), prefix=options.id_prefix))
    with each_file_once():
        job = make_job(client, task, args, kwargs or {}, job_id=job_id, options=options)
        if not options.internal:
            check_rates(str(job.func_name), [(args, kwargs or {})])
    if not options.internal:
        check_high(client, [job_id] if options.high_priority else [])
    enqueue([job], options)
    return job


def enqueue(jobs: Sequence[VectorJob], options: JobOptions) -> None:
    """Queue new jobs of the current owner within its limits. Raises Exhausted, QueueUnavailable."""
    if options.internal:
        current_backend().enqueue(jobs)
        return
    ids = [job.id for job in jobs]
    with admitted(web_client(), current_owner(), ids):
        current_backend().enqueue(jobs)
    if existing := [own for own, job in zip(ids, jobs, strict=True) if not job.is_new]:
        forget_waiting(web_client(), current_owner(), existing)


def check_high(client: Redis, job_ids: Sequence[str]) -> None:
    """Count new jobs with priority `high`, which API keys have a limit of. Raises Exhausted."""
    if job_ids and AccessSettings.current().api_keys:
        limit = JobSettings.current().high_per_owner
        retry(lambda: reserve_high(client, current_owner(), job_ids, limit))


def check_rates(task: str, calls: Sequence[tuple[Sequence[Any], Mapping[str, Any]]]) -> None:
    """Count calls of a task with `METERED = "mail"` in its module, all or none.

    They count for the owner and for each address in `recipient` or `recipients`. The settings
    `<NAME>_PER_HOUR` and `<NAME>_PER_RECIPIENT` are the limits. Raises Exhausted.
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
    task: str | Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    *,
    job_id: str,
    options: JobOptions,
) -> VectorJob:
    """Return a job that is not queued yet. Raises UnknownTask, InvalidInput."""
    settings = JobSettings.current()
    task = check_task(task)
    has_context = check_arguments(task, args, kwargs)
    args, kwargs = _json_arguments(task, args, kwargs)
    _check_file_name(named_arguments(task, args, kwargs), kwargs)
    timeout = settings.job_timeout if options.job_timeout is None else options.job_timeout
    job: VectorJob = VectorJob.create(  # type: ignore[assignment]
        task,
        args=list(args),
        kwargs=dict(kwargs),
        connection=client,
        id=job_id,
        timeout=check_timeout(timeout),
        result_ttl=options.result_ttl or settings.result_ttl,
        failure_ttl=settings.failure_ttl,
        description=task,
        origin=keys.QUEUE,
        depends_on=Dependency(options.depends_on, allow_failure=options.allow_failure)
        if options.depends_on
        else None,
    )
    if has_context:
        job.call_with_context()
    shown = shown_call(task, job.args, job.kwargs)
    # In immediate mode, no worker would run the jobs that wait.
    running = LimitSettings.current().limit("owner_running")
    running = None if options.internal or settings.immediate else running
    job.extra_fields = extra_fields(shown, current_owner(), options, running)
    job.index_entries = entries_of(
        job_id=job_id, task=task, batch_id=options.batch_id, tags=options.tags, arguments=shown
    )
    job.run_at, job.is_internal = options.run_at, options.internal
    if retries := max_retries(task, settings, override=options.retries):
        job.retries_left = retries
        first = options.retry_pause or settings.retry_pause
        job.retry_intervals = retry_delays(retries, first=first)  # type: ignore[assignment]
    try:
        # Serializes the call.
        _ = job.data
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(
            f"the arguments of {task} cannot be stored as JSON: {error}", code="bad-arguments"
        ) from error
    return job


def _check_file_name(arguments: Mapping[str, Any], kwargs: Mapping[str, Any]) -> None:
    """Check the `output_filename` of a call. Raises InvalidInput."""
    name = arguments.get("output_filename")
    if name is not None:
        field = "kwargs.output_filename" if "output_filename" in kwargs else "args"
        check_free(check_name(name, field=field), field=field)


def _json_arguments(
    task: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[list[Any], JsonObject]:
    """Return the arguments as JSON values. Raises InvalidInput for the first that is none."""
    fields = [("args", f"positional argument {number}", one) for number, one in enumerate(args, 1)]
    fields += [(f"kwargs.{name}", f"argument {name!r}", one) for name, one in kwargs.items()]
    values = []
    for field, shown, value in fields:
        try:
            text = json.dumps(value, allow_nan=False, default=_plain_number)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidInput(
                f"the arguments of {task} are not JSON serializable: the {shown} "
                f"of type `{type(value).__name__}`",
                field=field,
                code="bad-arguments",
            ) from error
        values.append(json.loads(text))
    return values[: len(args)], dict(zip(kwargs, values[len(args) :], strict=True))


def _plain_number(value: Any) -> Any:
    """Return a number of NumPy as a Python number. Raises TypeError for anything else."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    raise TypeError(f"not JSON serializable: {type(value).__name__}")


def extra_fields(
    shown: JsonObject, owner: str, options: JobOptions, owner_running: int | None
) -> dict[str, str]:
    """Return the fields of a record that RQ does not have; `shown` is the `shown_call`.

    `owner_running` is the limit of running jobs of the owner.
    """
    webhook, key = options.webhook, options.concurrency_key
    fields = {
        "owner": owner,
        "arguments": json.dumps(shown),
        "tags": json.dumps(options.tags) if options.tags else "",
        "retry_of": options.retry_of,
        "batch": options.batch_id,
        "notify": "1" if options.notify else "",
        "priority": "high" if options.high_priority else "",
        "concurrency_key": key,
        "concurrency": str(options.concurrency or 1) if key else "",
        "slots": keys.slots_name(owner, key) if key else "",
        "owner_running": str(owner_running or ""),
        "unique": keys.unique_job_key(owner, options.unique_key) if options.unique_key else "",
        "webhook": json.dumps(dict(webhook)) if webhook else "",
        # Commas on both sides let scripts search for a whole word.
        "webhook_events": f",{','.join(webhook['events'])}," if webhook else "",
    }
    return {name: value for name, value in fields.items() if value}


def check_timeout(timeout: str | int | timedelta) -> int:
    """Return a timeout in seconds. Raises InvalidInput if it is not between 1 s and 1 day."""
    if isinstance(timeout, timedelta):
        timeout = math.ceil(timeout.total_seconds())
    try:
        seconds = parse_duration(str(timeout))
    except ValidationError:
        seconds = 0
    if isinstance(timeout, bool) or not 1 <= seconds <= MAX_TIMEOUT_S:
        raise InvalidInput(
            "the timeout must be a duration such as '90s', '5m' or '1h', at most one day",
            field="job_timeout",
            code="bad-timeout",
        )
    return seconds


def retry_delays(retries: int, *, first: float = 1.0) -> list[float]:
    """Return the delays in seconds: `first` times 1, 4, 16, up to an hour, with 20 % jitter."""
    return [
        round(min(first * 4.0**number, 3600.0) * random.uniform(0.8, 1.2), 3)  # noqa: S311
        for number in range(retries)
    ]
