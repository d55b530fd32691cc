"""The work-horse: a forked process that takes jobs and runs them, one after the other, and can be killed at any moment.

RQ forks for each job and has the worker take the job and keep its books. Here the work-horse does both: one round trip commits
a result and another takes the next job, and a fork serves many jobs. What it does stands in the slot, so that its worker can
keep the job alive, stop it, and settle it when the work-horse dies.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import textwrap
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import partial
from types import FrameType
from typing import Any, NoReturn
from uuid import uuid4

from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.registry import ReadyJobRegistry
from rq.serializers import JSONSerializer

from libraries.broker import Redis, exceptions, keys
from libraries.broker.connections import worker_client
from libraries.broker.retry import COMMIT, REFUSALS, retry
from libraries.errors import InvalidInput, NotFound, VectorError
from libraries.job_manager import transitions
from libraries.job_manager.deletion import artifact_note
from libraries.job_manager.errors import JobTimeout, Superseded, UnknownTask
from libraries.job_manager.jobs import VectorJob
from libraries.job_manager.journal import Reader, Step, Subscription, read_to_end, subscriptions
from libraries.job_manager.ownership import ANONYMOUS, as_owner
from libraries.job_manager.task_context import execution
from libraries.job_manager.transitions import Attempt
from libraries.settings import Settings
from libraries.storage import commit_if
from libraries.worker.horse_state import IDLE, RUNNING, WAITING, Activity, HorseState

# Exit codes of a work-horse that ended on purpose.
SERVED_ITS_JOBS, QUEUE_EMPTY, ASKED_TO_STOP = 10, 11, 12
MAX_WAIT_S = 5
SUSPENDED_POLL_S = 0.2
BROKER_RETRY_S = 0.2
MIN_ALARM_S = 0.001
# How long a work-horse in burst mode waits for entries of the journal that other processes hold.
MAX_CATCH_UP_S = 5.0
# The errors that trying again cannot mend.
PERMANENT = (InvalidInput, NotFound, MemoryError)
log = logging.getLogger(__name__)


class Horse:
    """Takes jobs and runs them until it has served its share, is asked to stop, or finds nothing in burst mode."""

    commit_policy = COMMIT

    def __init__(
        self,
        settings: Settings,
        worker: str,
        slot: HorseState,
        tasks: dict[str, Callable[..., Any]],
    ) -> None:
        self._settings = settings
        self._worker = worker
        self._slot = slot
        self._tasks = tasks
        self._client: Redis = worker_client(settings)
        self._readers: dict[str, Reader] = {}

    def run(self, *, burst: bool, most: int) -> int:
        """Serve up to `most` jobs; return the exit code that says why it ended."""
        for _ in range(most):
            record = self._next(burst=burst)
            if record is None:
                break
            self._serve(record)
            self._slot.write(Activity(IDLE, started=time.monotonic()))
            if self._slot.stop_wanted:
                break
            if _has_children():
                # What the job started and left must end with it: the worker kills it when this process is gone.
                return SERVED_ITS_JOBS
        else:
            return SERVED_ITS_JOBS
        return ASKED_TO_STOP if self._slot.stop_wanted else QUEUE_EMPTY

    def _next(self, *, burst: bool) -> dict[bytes, bytes] | None:
        """Return the next job's record; None when there is nothing left to wait for."""
        claimed = ""
        while not self._slot.stop_wanted:
            execution_id = uuid4().hex
            self._slot.write(Activity(IDLE, started=time.monotonic()))
            try:
                taken = transitions.take(
                    self._client, self._worker, execution_id, time.time(), claimed=claimed
                )
                claimed = ""
                if isinstance(taken, dict):
                    taken[b"execution_id"] = execution_id.encode()
                    return taken
                if taken == "suspended":
                    time.sleep(SUSPENDED_POLL_S)
                elif self._handle_entries(burst=burst):
                    continue  # there may be more to do of what can wait; a job comes first
                elif burst:
                    return None
                else:
                    claimed = self._wait()
            except REFUSALS as error:
                log.warning("Broker away (%s); trying again", type(error).__name__)
                time.sleep(BROKER_RETRY_S)
        if claimed:
            # It came together with the wish to stop. Should this fail, a reaper finds it.
            with suppress(exceptions.RedisError):
                transitions.requeue(self._client, claimed)
        return None

    def _handle_entries(self, *, burst: bool) -> bool:
        """Handle entries of the journal that are left to work-horses, all of them in burst mode; return whether there were any."""
        if burst:
            return read_to_end(self._all_readers(), seconds=MAX_CATCH_UP_S)
        between = [self._reader(one) for one in subscriptions() if one.between_jobs]
        # Each of them takes its turn.
        return any([reader.step() is Step.HANDLED for reader in between])  # noqa: C419

    def _all_readers(self) -> list[Reader]:
        return [self._reader(one) for one in subscriptions()]

    def _reader(self, subscription: Subscription) -> Reader:
        return self._readers.setdefault(subscription.name, Reader(self._client, subscription))

    def _wait(self) -> str:
        """Wait for a job in the queue and return its id; '' after some seconds, or when the worker ends the wait."""
        # On a connection of its own, whose id the worker knows: CLIENT UNBLOCK ends the wait without losing what just came.
        with self._client.client() as waiting:  # type: ignore[no-untyped-call]
            self._slot.write(Activity(WAITING, waiting.client_id(), time.monotonic()))
            try:
                if self._slot.stop_wanted:
                    return ""
                popped = waiting.blmove(keys.QUEUE_KEY, keys.INTERMEDIATE_KEY, MAX_WAIT_S)
            finally:
                self._slot.write(Activity(IDLE, started=time.monotonic()))
        return popped.decode() if popped else ""

    def _serve(self, record: dict[bytes, bytes]) -> None:
        job_id, execution_id = record.pop(b"id").decode(), record.pop(b"execution_id").decode()
        attempt = Attempt(job_id, execution_id, self._worker, time.time())
        timeout = int(record.get(b"timeout") or 0) or self._settings.jobs.job_timeout
        self._slot.write(
            Activity(RUNNING, 0, time.monotonic(), attempt.started, timeout, job_id, execution_id)
        )
        job = VectorJob(job_id, connection=self._client, serializer=JSONSerializer)
        name = record.get(b"description", b"").decode(errors="replace")
        # Jobs that the task queues, and files that it writes, are its owner's.
        with as_owner(record.get(b"owner", ANONYMOUS.encode()).decode()):
            try:
                job.restore(record)
                name = str(job.func_name)
                log.info("Executing %s: %s", _printable(name), job_id)
                result = self._perform(job, name, attempt, timeout)
            except BaseException as error:
                self._fail(job, name, attempt, error)
            else:
                self._finish(job, name, attempt, result)

    def _perform(self, job: VectorJob, name: str, attempt: Attempt, timeout: int) -> str | None:
        if name not in self._tasks:
            raise UnknownTask("task", name, self._tasks)
        ours = commit_if(partial(self._check_ours, attempt))
        with self._within(timeout), ours, execution(attempt.execution_id):
            result = job.perform()
        return _as_json(result, self._settings.jobs.max_result)

    def _finish(self, job: VectorJob, name: str, attempt: Attempt, result: str | None) -> None:
        ended = time.time()
        lifetime = job.result_ttl or self._settings.jobs.result_ttl
        made = artifact_note(job.meta.get("artifacts"))
        outcome = self._commit(
            lambda: transitions.finish(
                self._client, attempt, ended, result=result, lifetime=lifetime, made=made
            )
        )
        if outcome == transitions.SUPERSEDED:
            log.warning(
                "%s: %s was given to another worker meanwhile; this result is dropped", name, job.id
            )
            return
        log.info("%s: %s executed in %.3fs", name, job.id, ended - attempt.started)
        if outcome == transitions.AGAIN_OR_WAITED_FOR:
            release_dependents(self._client, job.id)

    def _fail(self, job: VectorJob, name: str, attempt: Attempt, error: BaseException) -> None:
        ended = time.time()
        trace = "".join(traceback.format_exception(error))
        # A foreseen error says all in its text. Of another one the whole way to it is wanted, indented: the text of an error may
        # come from a client, and no line of it is to look like a line of this log.
        why = (
            f"{type(error).__name__}: {_printable(str(error), 500)}"
            if isinstance(error, VectorError)
            else type(error).__name__
        )
        log.warning(
            "%s: %s failed after %.3fs: %s", _printable(name), job.id, ended - attempt.started, why
        )
        if not isinstance(error, VectorError):
            log.error("%s", textwrap.indent(trace.rstrip(), "    ", lambda _: True))
        outcome = self._commit(
            lambda: transitions.fail(
                self._client,
                attempt,
                ended,
                trace=transitions.cut_trace(trace),
                error=f"{type(error).__name__}: {error}",
                lifetime=job.failure_ttl or self._settings.jobs.failure_ttl,
                permanent=isinstance(error, PERMANENT),
                told=_public_error(error),
            )
        )
        if outcome == transitions.WAITED_FOR:
            release_dependents(self._client, job.id)
        made = artifact_note(job.meta.get("artifacts"))
        if made and outcome in (transitions.DONE, transitions.WAITED_FOR):
            # Files of a job that failed go with its record.
            self._client.hset(keys.ARTIFACTS_KEY, job.id, made)

    def _check_ours(self, attempt: Attempt) -> None:
        """Raise Superseded when the job has been given to another worker: its file must not be overwritten by an old one."""
        member = f"{attempt.job_id}:{attempt.execution_id}"
        if not self._commit(lambda: int(self._client.zscore(keys.STARTED_KEY, member) is not None)):
            raise Superseded("the job was given to another worker meanwhile")

    def _commit(self, step: Callable[[], int]) -> int:
        return retry(step, self.commit_policy)

    def _within(self, timeout: int) -> AbstractContextManager[None]:
        """Return what bounds the next job: its timeout in seconds, and its share of processor time."""
        self._limit_cpu()
        return Deadline(timeout)

    def _limit_cpu(self) -> None:
        """Give the next job its own share of processor time; the limit counts what the process used before."""
        if self._settings.jobs.job_cpu:
            used = resource.getrusage(resource.RUSAGE_SELF)
            soft = int(used.ru_utime + used.ru_stime) + 1 + self._settings.jobs.job_cpu
            resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


class Deadline(AbstractContextManager[None]):
    """Raises JobTimeout in the main thread when the time is up; an alarm that was set before goes on afterwards."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._started = time.monotonic()
        self._handler_before = signal.signal(signal.SIGALRM, self._ring)
        self._left_before, _ = signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._handler_before or signal.SIG_DFL)
        if self._left_before:
            left = self._left_before - (time.monotonic() - self._started)
            signal.setitimer(signal.ITIMER_REAL, max(left, MIN_ALARM_S))

    def _ring(self, number: int, frame: FrameType | None) -> NoReturn:
        raise JobTimeout(f"the job ran longer than its timeout of {self._seconds} s")


def _as_json(result: object, largest: int) -> str | None:
    # RQ would store the text "Unserializable return value" and call the job finished.
    if result is None:
        return None
    try:
        text = json.dumps(result, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput(
            f"the task returned a value of type `{type(result).__name__}`, which is not JSON serializable",
            code="bad-result",
        ) from None
    if len(text) > largest:
        raise InvalidInput(
            f"the task returned {len(text)} bytes of JSON, over the limit of {largest}; write a file instead",
            code="bad-result",
        )
    return text


def _public_error(error: BaseException) -> dict[str, str] | None:
    """Return what clients may know of an error: its text if that was written for users, else nothing."""
    if not isinstance(error, (VectorError, JobTimeout)):
        return None
    detail = str(error)[: transitions.MAX_ERROR_CHARS]
    return {"code": error.code, "detail": detail, "text": f"{type(error).__name__}: {detail}"}


def _printable(text: str, most: int = 128) -> str:
    return text[:most].encode("unicode_escape").decode()


def _has_children() -> bool:
    """Tell whether a process that this one started still runs."""
    try:
        while True:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return True
    except ChildProcessError:
        return False


def release_dependents(client: Redis, job_id: str) -> None:
    """Queue the jobs that waited for this one, as RQ does it; safe to repeat, and repeated by the reaper until it is done."""
    with suppress(exceptions.RedisError):
        queue = Queue(keys.QUEUE, connection=client, serializer=JSONSerializer, job_class=VectorJob)
        with suppress(NoSuchJobError):
            queue.enqueue_dependents(
                VectorJob.fetch(job_id, connection=client, serializer=JSONSerializer)
            )
        # A release that was cut off half way has left them here.
        ReadyJobRegistry(queue=queue).cleanup()
        client.srem(keys.WAITED_FOR_KEY, job_id)


def limit_resources(settings: Settings) -> None:
    """Bound the memory and the file size of this process, and of those that it starts."""
    if settings.jobs.job_memory:
        resource.setrlimit(resource.RLIMIT_AS, (settings.jobs.job_memory, settings.jobs.job_memory))
    if settings.jobs.job_file_size:
        resource.setrlimit(
            resource.RLIMIT_FSIZE, (settings.jobs.job_file_size, settings.jobs.job_file_size)
        )
        # Python then sees the error EFBIG instead of dying.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o022)
