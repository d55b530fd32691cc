"""The job backend, which queues, reads and ends jobs: RQ, RQ in immediate mode, or another one.

A class with the methods of `JobBackend` makes another queue system run the jobs; the setting
JOB_BACKEND is its dotted path. In immediate mode, jobs run in the process that queues them, before
the call returns, with the same queue, scripts and records as with workers. They are not retried, and
scheduled jobs do not run, because no process waits for them. Timeouts apply in the main thread only.
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, Protocol, cast

from rq import Queue
from rq.command import send_stop_job_command
from rq.exceptions import InvalidJobOperation, NoSuchJobError

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.errors import QueueUnavailable
from libraries.broker.retry import BROKER_ERRORS, REFUSALS, retry
from libraries.broker.scripts import run_script, run_script_for_each
from libraries.errors import Exhausted
from libraries.job_manager import transitions
from libraries.job_manager.job_files import delete_job_data, delete_records
from libraries.job_manager.jobs import VectorJob
from libraries.job_manager.records import JOB_ID, JobRecord, read_raw, read_record, read_records
from libraries.job_manager.states import NOT_FOUND, UNREADABLE
from libraries.job_manager.tasks import load_plugins, max_retries
from libraries.json_types import JsonObject
from libraries.pickled_json import PickledJson
from libraries.settings import JobSettings, Settings, get_settings


class JobBackend(Protocol):
    """Runner of jobs. Each method raises QueueUnavailable if the broker is unreachable."""

    def enqueue(self, jobs: Sequence[VectorJob]) -> None:
        """Queue new jobs. Idempotent. Raises Exhausted if there is no room for one job."""

    def fetch(self, job_ids: Sequence[str]) -> list[JobRecord | None]:
        """Return the records of jobs, None for unknown ones."""

    def cancel(self, job_id: str) -> bool:
        """Cancel a job that has not started; return whether it is canceled. Idempotent."""

    def stop(self, job_id: str) -> None:
        """Ask a running job to end, without waiting for it."""

    def retry(self, record: JobRecord) -> bool:
        """Queue an ended job again; False if its state does not permit it. Raises Exhausted."""

    def delete(self, job_id: str) -> bool:
        """Delete the record and the files of a job; return False if it is running."""


class RqBackend:
    """Jobs in the queue `background`, for `python -m workers` and `rq worker`."""

    BLOCK_SIZE = 100
    STATES_AFTER = MappingProxyType({"cancel": "canceled", "retry": "queued", "delete": "deleted"})
    # Result of `lua/enqueue_dependent.lua`.
    NOTHING_TO_WAIT_FOR = 2

    def enqueue(self, jobs: Sequence[VectorJob]) -> None:
        client, ids = web_client(), {job.id for job in jobs}
        dependent = [job for job in jobs if job.needs]
        ready = [job for job in jobs if not job.needs]
        inner = [job for job in dependent if not ids.isdisjoint(job.needs)]
        for job in dependent:
            if job not in inner:
                retry(partial(_enqueue_dependent, client, job))
        if len(ready) == 1:
            raise_if_full(retry(lambda: _enqueue(client, ready[0])))
        else:
            for start in range(0, len(ready), self.BLOCK_SIZE):
                block = ready[start : start + self.BLOCK_SIZE]
                retry(partial(_enqueue_block, client, block))
        for job in inner:
            retry(partial(_enqueue_dependent, client, job))

    def fetch(self, job_ids: Sequence[str]) -> list[JobRecord | None]:
        client = web_client()
        if len(job_ids) == 1:
            return [retry(lambda: read_record(client, job_ids[0]))]
        return retry(lambda: read_records(client, job_ids))

    def cancel(self, job_id: str) -> bool:
        lifetime = JobSettings.current().failure_ttl
        return retry(lambda: transitions.cancel(web_client(), job_id, time.time(), lifetime))

    def stop(self, job_id: str) -> None:
        client = web_client()
        try:
            retry(lambda: send_stop_job_command(client, job_id, serializer=PickledJson))
        except (InvalidJobOperation, NoSuchJobError):
            return  # the job has just ended

    def retry(self, record: JobRecord) -> bool:
        client, settings = web_client(), JobSettings.current()
        retries = max_retries(record.task, settings)
        outcome = retry(
            lambda: transitions.retry(client, record.id, time.time(), retries, settings.max_queue)
        )
        raise_if_full(outcome)
        return bool(outcome)

    def delete(self, job_id: str) -> bool:
        client = web_client()
        return retry(lambda: delete_job_data(client, job_id))

    def change(self, action: str, records: Sequence[JobRecord]) -> dict[str, str]:
        """Cancel, retry or delete jobs in one round trip; return the new states of changed ones.

        Not in `JobBackend`: other backends change jobs one by one.
        """
        client, settings, now = web_client(), JobSettings.current(), time.time()
        ids = [record.id for record in records]
        step: Callable[[], Sequence[int]]
        if action == "retry":
            retries = [max_retries(record.task, settings) for record in records]
            step = partial(transitions.retry_all, client, ids, now, retries, settings.max_queue)
        elif action == "cancel":
            step = partial(transitions.cancel_all, client, ids, now, settings.failure_ttl)
        else:
            step = partial(delete_records, client, ids, now)
        results: Sequence[int] = retry(step)
        done = [job_id for job_id, result in zip(ids, results, strict=True) if result > 0]
        return dict.fromkeys(done, self.STATES_AFTER[action])


class JobRunner(Protocol):
    """Runs jobs in the calling thread."""

    def run(self, job_ids: Sequence[str]) -> None:
        """Run these jobs if they are in the queue, and then their dependents."""


MakeRunner = Callable[[Settings, Redis, int], JobRunner]


class ImmediateBackend(RqBackend):
    """Jobs that run when they are queued, in the thread that queues them."""

    # Maximum of jobs in one call, including those that jobs queue; the others stay queued.
    MAX_JOBS = 1000

    make_runner: MakeRunner | None = None
    runners: dict[Settings, JobRunner] = {}  # noqa: RUF012 - one for the process
    lock = threading.Lock()

    def enqueue(self, jobs: Sequence[VectorJob]) -> None:
        super().enqueue(jobs)
        self._run([job.id for job in jobs])

    def retry(self, record: JobRecord) -> bool:
        outcome = super().retry(record)
        self._run([record.id])
        return outcome

    def change(self, action: str, records: Sequence[JobRecord]) -> dict[str, str]:
        # Retried jobs run here, and no collector deletes files.
        return super().change(action, records) if action == "cancel" else {}

    def run_waiting(self) -> None:
        """Run the jobs in the queue."""
        waiting = cast("list[bytes]", web_client().lrange(keys.QUEUE_KEY, 0, self.MAX_JOBS - 1))
        self._run([job_id.decode() for job_id in waiting])

    def _run(self, job_ids: Sequence[str]) -> None:
        try:
            self._runner(get_settings()).run(job_ids)
        except BROKER_ERRORS:
            raise QueueUnavailable(
                "the broker became unreachable while the job ran; the state of the job is unknown"
            ) from None

    @classmethod
    def _runner(cls, settings: Settings) -> JobRunner:
        with cls.lock:
            if cls.make_runner is None:
                load_plugins()
            if cls.make_runner is None:
                raise RuntimeError(
                    "immediate mode: no module below workers/ calls run_inline_with()"
                )
            if settings not in cls.runners:
                cls.runners.clear()
                cls.runners[settings] = cls.make_runner(
                    settings, web_client(settings), cls.MAX_JOBS
                )
            return cls.runners[settings]


def run_inline_with(make_runner: MakeRunner) -> None:
    """Set the factory of job runners, called with settings, a client and the job limit per call."""
    ImmediateBackend.make_runner = staticmethod(make_runner)


def current_backend() -> JobBackend:
    """Return the backend that the settings choose."""
    settings = JobSettings.current()
    return _backend("" if settings.immediate else settings.job_backend, settings.immediate)


@lru_cache(maxsize=8)
def _backend(path: str, immediate: bool) -> JobBackend:
    if not path:
        return ImmediateBackend() if immediate else RqBackend()
    module, _, name = path.rpartition(".")
    try:
        backend: JobBackend = getattr(importlib.import_module(module), name)()
    except (ImportError, AttributeError) as error:
        raise RuntimeError(f"JOB_BACKEND: cannot load {path}: {error}") from error
    return backend


def fetch_job(job_id: str) -> JobRecord | None:
    """Return the record of a job, None if it does not exist or the id is malformed."""
    if not isinstance(job_id, str) or not JOB_ID.fullmatch(job_id):
        return None
    return current_backend().fetch([job_id])[0]


def state_reader(record: JobRecord) -> Callable[[], object] | None:
    """Return a function that reads the stored state of a job, for comparison.

    As long as it returns equal values, the record is the same. It returns None if that cannot be
    read. None for records that depend on more.
    """
    is_complete = record.status != UNREADABLE and record.arguments is not None
    if not is_complete or not isinstance(current_backend(), RqBackend):
        return None
    is_queued = record.status == "queued"

    def read() -> object:
        try:
            replies = read_raw(web_client(), record.id, with_position=is_queued)
        except REFUSALS:
            return None
        return None if any(isinstance(one, Exception) for one in replies) else replies

    return read


def get_job_status(job_id: str) -> JsonObject:
    """Return a dict with the keys id, status, result, error, created_at, started_at and ended_at.

    The status is queued, started, finished, failed, stopped, canceled, deferred, scheduled, or
    not_found for an unknown id. The error has the type and the first line of the message of the
    exception, or is None. The times are `datetime` objects in UTC, or None.
    """
    record = fetch_job(job_id) or JobRecord(
        id=job_id, status=NOT_FOUND, error=f"job not found: {str(job_id)[:128]!r}"
    )
    names = ("id", "status", "result", "error", "created_at", "started_at", "ended_at")
    return {name: getattr(record, name) for name in names}


def _enqueue(client: Redis, job: VectorJob) -> int:
    """Queue a job; return 1, 0 if it exists, or -1 if the queue is full. Idempotent."""
    arguments = _enqueue_arguments(job, JobSettings.current().max_queue)
    outcome = run_script(client, "job_manager/enqueue", *arguments)
    if isinstance(outcome, bytes):
        job.id, job.is_new, outcome = outcome.decode(), False, 0
    return int(outcome)


def _enqueue_block(client: Redis, jobs: Sequence[VectorJob]) -> None:
    calls = [_enqueue_arguments(job, None) for job in jobs]
    run_script_for_each(client, "job_manager/enqueue", calls)


def _enqueue_arguments(job: VectorJob, limit: int | None) -> tuple[tuple[str, ...], list[Any]]:
    """Return the keys and the arguments of `lua/enqueue.lua`."""
    script_keys = (keys.job_key(job.id), keys.QUEUE_KEY, keys.QUEUES_KEY, keys.SCHEDULED_KEY)
    later = str(job.run_at) if job.run_at is not None and job.run_at > time.time() else ""
    fields = [part for pair in record_fields(job).items() for part in pair]
    unique = job.extra_fields.get("unique", "")
    listed = ("", "") if job.is_internal else (job.extra_fields["owner"], job.index_entries)
    most = "" if job.is_internal or limit is None else limit
    return script_keys, [job.id, most, later, *listed, unique, *fields]


def record_fields(job: VectorJob) -> JsonObject:
    """Return the fields of a new record: the non-empty ones of RQ and those of this service."""
    fields = {name: value for name, value in job.to_dict().items() if value != ""}
    return fields | {"status": "queued", "enqueued_at": transitions.iso(time.time())}


def raise_if_full(outcome: int) -> None:
    """Raise Exhausted if `outcome` of a script means that the queue is full."""
    if outcome < 0:
        raise Exhausted("the queue is full; try again later", retry_after=5, code="queue-full")


def _enqueue_dependent(client: Redis, job: VectorJob) -> None:
    """Store a job that waits for others, or queue it if they have ended. Idempotent."""
    fields = [part for pair in record_fields(job).items() for part in pair]
    listed = ("", "") if job.is_internal else (job.extra_fields["owner"], job.index_entries)
    may_fail = "1" if job.allow_dependency_failures else ""
    arguments = (job.id, *listed, may_fail, len(job.needs), *job.needs, *fields)
    script_keys = (keys.job_key(job.id), keys.QUEUE_KEY, keys.QUEUES_KEY, keys.DEFERRED_KEY)
    found = int(run_script(client, "job_manager/enqueue_dependent", script_keys, arguments))
    if found == RqBackend.NOTHING_TO_WAIT_FOR:
        _enqueue_block(client, [job])


@lru_cache(maxsize=8)
def background_queue(client: Redis) -> Queue:
    return Queue(keys.QUEUE, connection=client, job_class=VectorJob)
