"""The work-horse: a forked process that runs jobs, and that may be killed at any time.

RQ forks for each job, and its worker takes the job and updates the records. Here the work-horse
does both: one round trip commits a result, another takes the next job, and one fork serves many
jobs. It records its activity in a `HorseState`, with which its worker keeps the job alive, stops
it, and settles it if the work-horse dies.
"""

from __future__ import annotations

import json
import logging
import math
import os
import resource
import textwrap
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from libraries.broker import Redis, exceptions, keys
from libraries.broker.connections import worker_client
from libraries.broker.retry import COMMIT, REFUSALS, retry
from libraries.errors import VectorError
from libraries.job_manager import transitions
from libraries.job_manager.errors import Superseded, UnknownTask
from libraries.job_manager.job_files import (
    announce_files,
    artifact_note,
    claim_readable_names,
    forget_readable_name,
)
from libraries.job_manager.jobs import VectorJob
from libraries.job_manager.journal import Reader, Step, Subscription, read_to_end, subscriptions
from libraries.job_manager.ownership import as_owner
from libraries.job_manager.records import INTERNAL_ERROR
from libraries.job_manager.task_context import execution
from libraries.job_manager.tasks import is_task_name
from libraries.job_manager.transitions import (
    LEASE_S,
    Attempt,
    Outcome,
    WorkerReport,
    release_dependents,
)
from libraries.processes import FreeMemory, kill_descendants, reap_children
from libraries.settings import Settings
from libraries.storage import commit_if, job_folder
from libraries.worker.damage import owner_of, read_record, reject_damage, restore
from libraries.worker.deadline import Deadline
from libraries.worker.horse_state import IDLE, RUNNING, WAITING, Activity, HorseState
from libraries.worker.job_isolation import ProcessState, run_contained
from libraries.worker.loading import Catalogue
from libraries.worker.outcomes import PERMANENT, innermost, public_failure, stored_result
from libraries.worker.returned_files import ReturnedFiles
from libraries.worker.working_folder import WorkingFolder

# Exit codes of an orderly end.
SERVED_ITS_JOBS, QUEUE_EMPTY, ASKED_TO_STOP = 10, 11, 12
MAX_WAIT_S = 5
log = logging.getLogger(__name__)


class Horse:
    """Takes and runs jobs up to its limit, a stop request, or in burst mode an empty queue."""

    # In burst mode a work-horse waits this long for journal entries that other processes handle.
    MAX_CATCH_UP_S = 5.0

    # A job whose task no worker knows waits this long for a newer worker.
    MAX_UNKNOWN_S = 900.0

    # A work-horse that has run jobs ends after this time without one. It has copied 20 MB or more of the
    # memory that it shares with its worker, and the next one shares it again.
    REPLACED_AFTER_S = 30.0

    BROKER_RETRY_S = 0.2

    commit_policy = COMMIT

    def __init__(
        self,
        settings: Settings,
        worker: str,
        state: HorseState,
        catalogue: Catalogue,
    ) -> None:
        self._settings = settings
        self._worker = worker
        self._state = state
        self._catalogue = catalogue
        self._client: Redis = worker_client(settings)
        self._report = WorkerReport()
        self._readers: dict[str, Reader] = {}
        self._folder = WorkingFolder()
        self._memory = FreeMemory()
        # State that a job left cannot be restored, or not with certainty.
        self._spent = False
        # The job that was taken when the last one was finished.
        self._taken: dict[bytes, bytes] | None = None
        self._taken_at = 0.0
        self._may_take_next = self._is_queue_empty = False

    def run(self, *, burst: bool, max_jobs: int) -> int:
        """Run up to `max_jobs` jobs; return an exit code."""
        self._process_state = ProcessState()
        try:
            return self._run(burst=burst, max_jobs=max_jobs)
        finally:
            self._folder.close()
            with suppress(*REFUSALS):
                self._return_taken()
                self._report.send(self._client, self._worker)

    def _run(self, *, burst: bool, max_jobs: int) -> int:
        for number in range(max_jobs):
            record = self._taken_already() or self._next(burst=burst, is_fresh=number == 0)
            if record is None:
                break
            self._may_take_next = number + 1 < max_jobs
            self._serve(record)
            self._state.write(Activity(IDLE, started=time.monotonic()))
            if self._state.stop_requested:
                break
            if self._spent:
                return SERVED_ITS_JOBS
        else:
            return SERVED_ITS_JOBS
        return ASKED_TO_STOP if self._state.stop_requested else QUEUE_EMPTY

    def _taken_already(self) -> dict[bytes, bytes] | None:
        """Return the record of the job that was taken when the last one was finished, if any."""
        record, self._taken = self._taken, None
        if record is None or time.monotonic() - self._taken_at < LEASE_S / 5:
            return record
        # Something took long after the commit; a reaper may have requeued the job.
        attempt = self._attempt_of(record)
        is_current = self._commit(
            lambda: int(transitions.heartbeat(self._client, attempt, time.time()))
        )
        return record if is_current else None

    def _return_taken(self) -> None:
        """Return a job to the queue that was taken just before a request to stop.

        If this fails, a reaper requeues it.
        """
        if self._taken is not None:
            transitions.return_job(self._client, self._attempt_of(self._taken))

    def _attempt_of(self, record: dict[bytes, bytes]) -> Attempt:
        job_id, execution_id = record[b"id"].decode(), record[b"execution_id"].decode()
        return Attempt(job_id, execution_id, self._worker, time.time())

    def _next(self, *, burst: bool, is_fresh: bool) -> dict[bytes, bytes] | None:
        """Return the record of the next job; None to stop."""
        popped, ends_at = "", math.inf if is_fresh else time.monotonic() + self.REPLACED_AFTER_S
        while not self._state.stop_requested and (popped or time.monotonic() < ends_at):
            self._state.write(Activity(IDLE, started=time.monotonic()))
            try:
                taken = self._take(popped)
                popped = ""
                if isinstance(taken, dict):
                    return taken
                if taken == "suspended":
                    time.sleep(0.2)
                elif self._handle_entries(burst=burst):
                    continue  # a job goes before further entries
                elif burst:
                    return None
                else:
                    popped = self._wait()
            except REFUSALS as error:
                log.warning("Broker unreachable (%s); retrying", type(error).__name__)
                time.sleep(self.BROKER_RETRY_S)
        if popped:
            # The job arrived with the request to stop. If this fails, a reaper requeues it.
            with suppress(exceptions.RedisError):
                transitions.requeue(self._client, popped)
        return None

    def _take(self, popped: str) -> dict[bytes, bytes] | str | None:
        """Take the next job, as `transitions.take`, unless the queue was empty a moment ago."""
        was_empty, self._is_queue_empty = self._is_queue_empty, False
        if was_empty and not popped:
            return None
        execution_id = uuid4().hex
        taken = transitions.take(
            self._client, self._worker, execution_id, time.time(),
            claimed=popped, report=self._report,
        )  # fmt: skip
        if isinstance(taken, dict):
            taken[b"execution_id"] = execution_id.encode()
        return taken

    def _handle_entries(self, *, burst: bool) -> bool:
        """Handle entries of `between_jobs` subscribers, in burst mode all; return whether any."""
        if burst:
            return read_to_end(self._all_readers(), seconds=self.MAX_CATCH_UP_S)
        between = [self._reader(one) for one in subscriptions() if one.between_jobs]
        # A list, so that each reader takes a step.
        return any([reader.step() is Step.HANDLED for reader in between])  # noqa: C419

    def _all_readers(self) -> list[Reader]:
        return [self._reader(one) for one in subscriptions()]

    def _reader(self, subscription: Subscription) -> Reader:
        return self._readers.setdefault(subscription.name, Reader(self._client, subscription))

    def _wait(self) -> str:
        """Wait for a job and return its id; '' after a timeout or when the worker ends the wait."""
        self._memory.give_back()
        # A separate connection, whose id the worker uses for CLIENT UNBLOCK: no job is lost.
        with self._client.client() as waiting:  # type: ignore[no-untyped-call]
            self._state.write(Activity(WAITING, waiting.client_id(), time.monotonic()))
            try:
                if self._state.stop_requested:
                    return ""
                popped = waiting.blmove(keys.QUEUE_KEY, keys.INTERMEDIATE_KEY, MAX_WAIT_S)
            finally:
                self._state.write(Activity(IDLE, started=time.monotonic()))
        return popped.decode() if popped else ""

    def _serve(self, record: dict[bytes, bytes]) -> None:
        attempt = self._attempt_of(record)
        job_id, execution_id = attempt.job_id, attempt.execution_id
        del record[b"id"], record[b"execution_id"]
        known, damaged = read_record(record)
        timeout = known.get("timeout") or self._settings.jobs.job_timeout
        self._state.write(
            Activity(RUNNING, 0, time.monotonic(), attempt.started, timeout, job_id, execution_id)
        )
        job = VectorJob(job_id, connection=self._client)
        name = str(known.get("description", ""))
        # The jobs and files of a task belong to the owner of its job.
        owner = owner_of(self._client, job_id, known, damaged)
        with as_owner(owner), job_folder(job_id, partial(announce_files, self._client, job_id)):
            try:
                reject_damage(self._client, job_id, damaged, owner)
                name = restore(job, record)
                if not self._has_task(name, timeout):
                    self._return_unknown(name, attempt, record)
                    return
                self._forget_wait(job_id, record)
                log.info("Executing %s: %s", _printable(name), job_id)
                result = self._perform(job, name, attempt, timeout)
            except BaseException as error:
                if isinstance(error, MemoryError):
                    # Frees what the job holds: the report of the error needs memory.
                    traceback.clear_frames(error.__traceback__)
                    self._spent = True
                self._fail(job, name, attempt, error)
            else:
                self._finish(job, name, attempt, result)

    def _perform(self, job: VectorJob, name: str, attempt: Attempt, timeout: int) -> bytes | None:
        guarded = commit_if(partial(self._check_current, attempt))
        isolation = self._isolation()
        with isolation as run, self._within(timeout), guarded, execution(attempt.execution_id):
            with self._working_folder() as output:
                files = ReturnedFiles(job, output)
                job.settle = files.adopted
                result = run(job.perform)
                job.result_text = result if isinstance(result, str) else ""
                files.publish_others(partial(forget_readable_name, self._client))
            stored = stored_result(result, self._settings.jobs.max_result)
            attached = {one["name"] for one in job.meta.get("artifacts", [])}
            claim_readable_names(self._client, attached)
        return stored

    def _working_folder(self) -> AbstractContextManager[Path | None]:
        """Return a context manager that yields the job's own folder `output`, None without one."""
        return self._folder.entered()

    def _has_task(self, name: str, timeout: int) -> bool:
        """Return whether this process has a task; loads its module if its file is new."""
        if name in self._catalogue.tasks:
            return True
        with self._within(timeout):
            found = self._catalogue.find(name)
        self._spent = self._spent or self._catalogue.is_mixed
        return found is not None

    def _return_unknown(self, name: str, attempt: Attempt, record: dict[bytes, bytes]) -> None:
        """Return a job with an unknown task to the queue, for a newer worker.

        Raises UnknownTask if there cannot be such a task, or if no worker has taken the job.
        """
        reason = self._catalogue.why_missing(name)
        if not is_task_name(name):
            raise UnknownTask(name, self._catalogue.tasks, reason)
        if b"unknown_since" not in record:
            text = f"this worker does not have the task, so the job waits for another: {reason}"
            with suppress(*REFUSALS):
                transitions.append_event(
                    self._client,
                    attempt.job_id,
                    attempt.execution_id,
                    "log",
                    json.dumps({"message": text}),
                )
        if not self._commit(
            lambda: transitions.return_job(self._client, attempt, max_unknown_s=self.MAX_UNKNOWN_S)
        ):
            minutes = f"{self.MAX_UNKNOWN_S / 60:.0f} minutes"
            reason = f"{reason}; no worker had this task for {minutes}"
            raise UnknownTask(name, self._catalogue.tasks, reason)
        log.warning("%s: %s returned to the queue: %s", _printable(name), attempt.job_id, reason)

    def _forget_wait(self, job_id: str, record: dict[bytes, bytes]) -> None:
        if b"unknown_since" in record:
            with suppress(*REFUSALS):
                self._client.hdel(keys.job_key(job_id), "unknown_since")

    def _isolation(self) -> AbstractContextManager[Callable[[Callable[[], Any]], Any]]:
        """Return a context manager with a function that runs a job apart from later ones."""
        return self._run_apart()

    @contextmanager
    def _run_apart(self) -> Iterator[Callable[[Callable[[], Any]], Any]]:
        """End the processes of the job and restore the state of this one, before the commit."""
        try:
            yield run_contained
        finally:
            if reap_children():
                kill_descendants(os.getpid())
                reap_children()
                self._spent = True  # the modules of the job may count on its processes
            self._spent = not self._process_state.restore() or self._spent

    def _finish(self, job: VectorJob, name: str, attempt: Attempt, result: bytes | None) -> None:
        ended = time.time()
        result_ttl = job.result_ttl or self._settings.jobs.result_ttl
        stored = Outcome(
            result=result,
            lifetime=result_ttl,
            note=artifact_note(job.meta.get("artifacts")),
            text=job.result_text,
            meta=job.meta,
        )
        outcome = self._commit(lambda: self._finish_and_take(attempt, ended, stored))
        if outcome == transitions.SUPERSEDED:
            log.warning(
                "%s: %s was given to another worker meanwhile; result discarded", name, job.id
            )
            return
        self._report.add(ended - attempt.started)
        log.info("%s: %s executed in %.3fs", name, job.id, ended - attempt.started)
        if outcome == transitions.FINISHED_WITH_DEPENDENTS:
            release_dependents(self._client, job.id, self._settings.jobs.failure_ttl)
            self._is_queue_empty = False

    def _finish_and_take(self, attempt: Attempt, ended: float, stored: Outcome) -> int:
        """Commit a result, and take the next job in the same step if this process runs on."""
        if not self._may_take_next or self._spent or self._state.stop_requested:
            return transitions.finish(self._client, attempt, ended, stored)
        execution_id = uuid4().hex
        outcome, taken = transitions.finish_and_take(
            self._client, attempt, ended, stored, execution_id=execution_id, report=self._report
        )
        if isinstance(taken, dict):
            taken[b"execution_id"] = execution_id.encode()
            self._taken, self._taken_at = taken, time.monotonic()
        self._is_queue_empty = taken is None
        return outcome

    def _fail(self, job: VectorJob, name: str, attempt: Attempt, error: BaseException) -> None:
        ended, error = time.time(), innermost(error)
        trace = "".join(traceback.format_exception(error))
        failure = public_failure(error, self._settings.jobs.job_memory)
        expected = isinstance(error, VectorError)
        reason = type(error).__name__ + (f": {_printable(str(error), 500)}" if expected else "")
        seconds = ended - attempt.started
        log.warning("%s: %s failed after %.3fs: %s", _printable(name), job.id, seconds, reason)
        if not expected:
            # Indented: an error text may come from a client and must not look like a log line.
            log.error("%s", textwrap.indent(trace.rstrip(), "    ", lambda _: True))
        outcome = self._commit(
            lambda: transitions.fail(
                self._client,
                attempt,
                ended,
                trace=transitions.cut_trace(trace),
                error=failure["text"],
                lifetime=job.failure_ttl or self._settings.jobs.failure_ttl,
                permanent=isinstance(error, PERMANENT),
                failure=failure,
                is_public=failure["code"] != INTERNAL_ERROR,
            )
        )
        if outcome == transitions.FAILED_WITH_DEPENDENTS:
            release_dependents(self._client, job.id, self._settings.jobs.failure_ttl)
        note = artifact_note(job.meta.get("artifacts"))
        if note and outcome in (transitions.DONE, transitions.FAILED_WITH_DEPENDENTS):
            # The files of a failed job are deleted with its record.
            self._client.hset(keys.ARTIFACTS_KEY, job.id, note)

    def _check_current(self, attempt: Attempt) -> None:
        """Raise Superseded if the job was given to another worker, whose file must be kept."""
        member = f"{attempt.job_id}:{attempt.execution_id}"
        if not self._commit(lambda: int(self._client.zscore(keys.STARTED_KEY, member) is not None)):
            raise Superseded("the job was given to another worker meanwhile")

    def _commit(self, step: Callable[[], int]) -> int:
        return retry(step, self.commit_policy)

    def _within(self, timeout: int) -> AbstractContextManager[None]:
        """Return a context manager that limits time, in seconds, and CPU time of the next job."""
        self._limit_cpu()
        return Deadline(timeout)

    def _limit_cpu(self) -> None:
        """Set the limit of processor time, which includes the time that earlier jobs used."""
        if self._settings.jobs.job_cpu:
            used = resource.getrusage(resource.RUSAGE_SELF)
            soft = int(used.ru_utime + used.ru_stime) + 1 + self._settings.jobs.job_cpu
            resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _printable(text: str, max_chars: int = 128) -> str:
    return text[:max_chars].encode("unicode_escape").decode()
