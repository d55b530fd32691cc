"""State transitions of jobs, each of which is one atomic Lua script."""

from __future__ import annotations

import json
import math
import time
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple, cast

from libraries.broker import Redis, exceptions, keys
from libraries.broker.scripts import run_script, run_script_for_each
from libraries.job_index import outcome_entries
from libraries.job_manager.errors import MAX_ERROR_CHARS
from libraries.json_types import JsonObject

# Until its first heartbeat a worker has only this lease on a job.
LEASE_S = 5
HEARTBEAT_S = 5
# A worker claims a popped job within milliseconds; after this time its worker is considered dead. A
# worker that claims it later gets another job.
MAX_INTERMEDIATE_S = 0.9
MAX_RESCUES = 3
MAX_STORED_ATTEMPTS = 10
# Stored tracebacks, for the log of the job.
MAX_TRACES, MAX_TRACE_CHARS = 5, 8192
# RQ's text, which its dashboards and `records` recognize.
LOST_TRACE = "AbandonedJobError: the worker was silent for too long"

# Results of `lua/finish.lua` and `lua/fail.lua`.
SUPERSEDED, DONE, FINISHED_WITH_DEPENDENTS, FAILED_WITH_DEPENDENTS = 0, 1, 2, 3


# Keys and arguments of a script.
Call = tuple[tuple[str, ...], tuple[Any, ...]]


@dataclass(frozen=True)
class Attempt:
    """One execution of a job by a worker; `started` is in Unix seconds."""

    job_id: str
    execution_id: str
    worker: str
    started: float


def iso(seconds: float) -> str:
    """Return Unix seconds in RQ's time format."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def pack_trace(text: str) -> str:
    """Return a traceback in RQ's storage format."""
    return b64encode(zlib.compress(text.encode(errors="backslashreplace"))).decode()


def unpack_trace(packed: str | bytes) -> str:
    """Return a traceback from its storage format."""
    return zlib.decompress(b64decode(packed)).decode()


def cut_trace(trace: str) -> str:
    """Return the beginning and the end of a long traceback."""
    over = len(trace) - MAX_TRACE_CHARS
    half = MAX_TRACE_CHARS // 2
    return f"{trace[:half]}\n[{over} characters omitted]\n{trace[-half:]}" if over > 0 else trace


@dataclass
class WorkerReport:
    """Jobs that a worker has finished since its last report, and their duration in seconds.

    It is sent when a job is taken, at most once a second while there are more jobs.
    """

    jobs: int = 0
    seconds: float = 0.0
    sent_at: float = -math.inf

    INTERVAL_S: ClassVar = 1.0

    def add(self, seconds: float) -> None:
        self.jobs += 1
        self.seconds += seconds

    @property
    def is_due(self) -> bool:
        return time.monotonic() - self.sent_at > self.INTERVAL_S

    def sent(self, *, busy: bool) -> None:
        self.jobs, self.seconds = 0, 0.0
        self.sent_at = time.monotonic() if busy else -math.inf

    def send(self, client: Redis, worker: str) -> None:
        """Send what is left, without a job."""
        if self.jobs:
            with client.pipeline(transaction=False) as pipeline:
                pipeline.hincrby(keys.worker_key(worker), "successful_job_count", self.jobs)
                pipeline.hincrbyfloat(keys.worker_key(worker), "total_working_time", self.seconds)
                pipeline.execute()
            self.sent(busy=False)


def take(
    client: Redis,
    worker: str,
    execution_id: str,
    now: float,
    *,
    claimed: str = "",
    report: WorkerReport | None = None,
) -> dict[bytes, bytes] | str | None:
    """Take the next job, or the one that BLMOVE put into the intermediate list.

    Returns the record with the id under `b"id"` and the former status under `b"found_status"`, None if the queue is empty, or `"suspended"`.
    """
    report = report or WorkerReport()
    call = _take_call(worker, execution_id, now, report, claimed=claimed)
    return _taken(run_script(client, "job_manager/take", *call), report)


def _take_call(
    worker: str, execution_id: str, now: float, report: WorkerReport, *, claimed: str = ""
) -> Call:
    """Return the keys and the arguments of `lua/take.lua`."""
    script_keys = (
        keys.QUEUE_KEY, keys.INTERMEDIATE_KEY, keys.STARTED_KEY, keys.worker_key(worker),
        keys.SUSPENDED_KEY,
    )  # fmt: skip
    arguments = (
        claimed, execution_id, worker, iso(now), LEASE_S, report.jobs, report.seconds,
        "1" if report.is_due else "",
    )  # fmt: skip
    return script_keys, arguments


def _taken(taken: Any, report: WorkerReport) -> dict[bytes, bytes] | str | None:
    is_taken = isinstance(taken, list)
    if report.is_due or not is_taken:
        report.sent(busy=is_taken)
    if not is_taken:
        return None if taken is None else "suspended"
    record = dict(zip(taken[1::2], taken[2::2], strict=True))
    record[b"id"] = taken[0]
    return cast("dict[bytes, bytes]", record)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a job as PickledJson or None, and the note of its files.

    The words of `text` are entered in the index. `meta` replaces that of the record: it is read
    often, and JSON is read faster than pickles. `lifetime` is in seconds.
    """

    result: bytes | None
    lifetime: int
    note: str = ""
    text: object = None
    meta: JsonObject | None = None

    def call(self, attempt: Attempt, ended: float) -> Call:
        """Return the keys and the arguments of `lua/finish.lua`."""
        packed = b64encode(self.result).decode() if self.result is not None else ""
        script_keys = (
            keys.STARTED_KEY, keys.FINISHED_KEY, keys.worker_executions_key(attempt.worker),
            keys.ENDING_KEY, keys.ARTIFACTS_KEY,
        )  # fmt: skip
        meta = json.dumps(self.meta) if self.meta else ""
        more = (packed, self.lifetime, self.note, outcome_entries(self.text), meta)
        return script_keys, (*_ended(attempt, ended), *more)


def finish(client: Redis, attempt: Attempt, ended: float, outcome: Outcome) -> int:
    """Commit the outcome of a job. See `lua/finish.lua`."""
    return int(run_script(client, "job_manager/finish", *outcome.call(attempt, ended)))


def finish_and_take(
    client: Redis,
    attempt: Attempt,
    ended: float,
    outcome: Outcome,
    *,
    execution_id: str,
    report: WorkerReport,
) -> tuple[int, dict[bytes, bytes] | str | None]:
    """Commit the outcome of a job and take the next one; return what `finish` and `take` do."""
    one, other = (
        outcome.call(attempt, ended), _take_call(attempt.worker, execution_id, ended, report)
    )  # fmt: skip
    both = ((*one[0], *other[0]), (*one[1], *other[1]))
    committed, *taken = run_script(client, "job_manager/finish_and_take", *both)
    return int(committed), _taken(taken[0] if taken else None, report)


def fail(
    client: Redis,
    attempt: Attempt,
    ended: float,
    *,
    trace: str,
    error: str,
    lifetime: int,
    stopped: bool = False,
    permanent: bool = False,
    failure: dict[str, str] | None = None,
    is_public: bool = True,
) -> int:
    """End a failed attempt; `error` is its last line. See `lua/fail.lua`.

    `failure` is for clients, if it is not `is_public` only for the owner of the job.
    """
    script_keys = (
        keys.QUEUE_KEY, keys.STARTED_KEY, keys.SCHEDULED_KEY, keys.FAILED_KEY,
        keys.worker_key(attempt.worker), keys.worker_executions_key(attempt.worker),
        keys.ENDING_KEY,
    )  # fmt: skip
    record = {
        "worker": attempt.worker,
        "started_at": iso(attempt.started),
        "ended_at": iso(ended),
        "error": error[:MAX_ERROR_CHARS],
        **({"detail": failure["detail"][:MAX_ERROR_CHARS]} if failure and is_public else {}),
    }
    arguments = (
        *_ended(attempt, ended), pack_trace(trace), lifetime, "stopped" if stopped else "failed",
        "1" if permanent else "", json.dumps(failure) if failure else "", json.dumps(record),
        MAX_STORED_ATTEMPTS, MAX_TRACES, outcome_entries(failure["detail"] if failure else error),
    )  # fmt: skip
    return int(run_script(client, "job_manager/fail", script_keys, arguments))


def _ended(attempt: Attempt, ended: float) -> tuple[Any, ...]:
    ids = (attempt.job_id, attempt.execution_id, attempt.worker)
    return (*ids, iso(ended), attempt.started, ended)


def heartbeat(client: Redis, attempt: Attempt, now: float) -> bool:
    """Extend the lease of a running job; return False if the attempt was superseded."""
    arguments = (
        attempt.job_id, attempt.execution_id, iso(now), now, 3 * HEARTBEAT_S, attempt.worker,
        attempt.started,
    )  # fmt: skip
    script_keys = (keys.STARTED_KEY, keys.worker_executions_key(attempt.worker))
    return bool(run_script(client, "job_manager/heartbeat", script_keys, arguments))


def append_event(client: Redis, job_id: str, execution_id: str, event: str, text: str) -> int:
    """Store and publish an event of a running job.

    Returns 0 if the attempt was superseded, 2 if a client requested an early end, else 1.
    """
    script_keys, arguments = (
        (keys.job_key(job_id), keys.STARTED_KEY),
        (job_id, execution_id, event, text),
    )
    return int(run_script(client, "job_manager/append_event", script_keys, arguments))


def request_finish(client: Redis, job_id: str) -> bool:
    """Ask a job to end with the best result so far; return False if it does not exist."""
    return bool(run_script(client, "job_manager/request_finish", (keys.job_key(job_id),), ()))


def return_job(client: Redis, attempt: Attempt, *, max_unknown_s: float | None = None) -> bool:
    """Return a running job to the front of the queue, unless the attempt was superseded.

    With `max_unknown_s` the worker does not know its task: the job waits up to half a minute before
    it is queued, so that another worker may take it. False if it has waited for so long in total.
    """
    script_keys = (
        keys.QUEUE_KEY, keys.STARTED_KEY, keys.worker_executions_key(attempt.worker),
        keys.SCHEDULED_KEY,
    )  # fmt: skip
    limit = "" if max_unknown_s is None else max_unknown_s
    arguments = (attempt.job_id, attempt.execution_id, limit)
    return bool(run_script(client, "job_manager/return_job", script_keys, arguments))


def requeue(client: Redis, job_id: str) -> bool:
    """Return a popped job to the queue; return False if it is not in the intermediate list."""
    script_keys = (keys.QUEUE_KEY, keys.INTERMEDIATE_KEY)
    return bool(run_script(client, "job_manager/requeue", script_keys, (job_id,)))


class Reaped(NamedTuple):
    """Result of the reaper: numbers of jobs, and ended jobs whose dependents are not released."""

    requeued: int
    retried: int
    lost: int
    poison: int
    due: int
    waited_for: list[str]


def reap(client: Redis, now: float, lifetime: int, *, limit: int = 1000) -> Reaped:
    """Recover the jobs of dead processes, and queue scheduled jobs that are due."""
    script_keys = (
        keys.QUEUE_KEY, keys.INTERMEDIATE_KEY, keys.STARTED_KEY, keys.SCHEDULED_KEY,
        keys.FAILED_KEY, keys.ENDING_KEY,
    )  # fmt: skip
    arguments = (
        MAX_INTERMEDIATE_S, MAX_RESCUES, iso(now), lifetime, pack_trace(LOST_TRACE),
        pack_trace("PoisonJob: every worker that started this job crashed"), MAX_STORED_ATTEMPTS, limit,
        outcome_entries("the process that ran the job ended unexpectedly"),
        outcome_entries("every worker that started this job crashed"),
    )  # fmt: skip
    requeued, retried, lost, poison, due, waited_for = run_script(
        client, "job_manager/reap", script_keys, arguments
    )
    return Reaped(requeued, retried, lost, poison, due, [job_id.decode() for job_id in waited_for])


def cancel(client: Redis, job_id: str, now: float, lifetime: int) -> bool:
    """Cancel a job that has not started; return whether it is canceled."""
    return bool(cancel_all(client, [job_id], now, lifetime)[0])


def cancel_all(client: Redis, job_ids: Sequence[str], now: float, lifetime: int) -> list[int]:
    """Cancel jobs; return the results of `lua/cancel.lua`."""
    script_keys = (
        keys.QUEUE_KEY, keys.SCHEDULED_KEY, keys.DEFERRED_KEY, keys.CANCELED_KEY, keys.ENDING_KEY
    )  # fmt: skip
    calls = [(script_keys, (job_id, iso(now), lifetime)) for job_id in job_ids]
    results = run_script_for_each(client, "job_manager/cancel", calls)
    for job_id, result in zip(job_ids, results, strict=True):
        if result > DONE:  # with dependents
            release_dependents(client, job_id, lifetime)
    return results


def retry(client: Redis, job_id: str, now: float, retries: int, max_waiting: int) -> int:
    """Queue an ended job again; returns a result of `lua/retry.lua`."""
    return retry_all(client, [job_id], now, [retries], max_waiting)[0]


def retry_all(
    client: Redis, job_ids: Sequence[str], now: float, retries: Sequence[int], max_waiting: int
) -> list[int]:
    """Queue ended jobs again; return the results of `lua/retry.lua`."""
    script_keys = (
        keys.QUEUE_KEY, keys.FAILED_KEY, keys.CANCELED_KEY, keys.ENDING_KEY, keys.SCHEDULED_KEY
    )  # fmt: skip
    calls = [
        (script_keys, (job_id, iso(now), number, max_waiting))
        for job_id, number in zip(job_ids, retries, strict=True)
    ]
    return run_script_for_each(client, "job_manager/retry", calls)


def abandon(
    client: Redis,
    job_id: str,
    now: float,
    lifetime: int,
    *,
    code: str = "dependency-failed",
    detail: str = "a job that this one depends on ended without a result",
    registry: str = keys.DEFERRED_KEY,
) -> bool:
    """Fail a job of a registry, by default because its dependency failed; False if not there."""
    name = "".join(word.capitalize() for word in code.split("-"))
    public = json.dumps({"code": code, "detail": detail, "text": f"{name}: {detail}"})
    script_keys = (registry, keys.FAILED_KEY, keys.ENDING_KEY)
    arguments = (
        job_id,
        iso(now),
        lifetime,
        public,
        pack_trace(f"{name}: {detail}"),
        outcome_entries(detail),
    )
    return bool(run_script(client, "job_manager/abandon", script_keys, arguments))


def release(client: Redis, job_id: str, now: float, *, limit: int = 500) -> tuple[bool, list[str]]:
    """Queue dependents of an ended job. See `lua/release.lua` for the result."""
    script_keys = (keys.QUEUE_KEY, keys.DEFERRED_KEY, keys.WAITED_FOR_KEY)
    arguments = (job_id, iso(now), limit)
    more, failed = run_script(client, "job_manager/release", script_keys, arguments)
    return bool(more), [child.decode() for child in failed]


def release_dependents(client: Redis, job_id: str, lifetime_s: int) -> None:
    """Queue the dependents of an ended job, and fail those that cannot run.

    Idempotent; the reaper repeats it after an error of the broker, which is not raised.
    """
    with suppress(exceptions.RedisError):
        ended = [job_id]
        while ended:
            more, failed = release(client, ended[-1], time.time())
            if not more:
                ended.pop()
            for child in failed:
                abandon(client, child, time.time(), lifetime_s)
            ended += failed


def settle(client: Redis, job_id: str, now: float, *, limit: int = 500) -> bool:
    """Queue a deferred job if it can run; return whether it never can. See `lua/settle.lua`."""
    script_keys, arguments = (keys.QUEUE_KEY, keys.DEFERRED_KEY), (job_id, iso(now), limit)
    return bool(run_script(client, "job_manager/settle", script_keys, arguments))


def delete_record(client: Redis, job_id: str) -> str | None:
    """Delete a job; return the note of its files or '', or None if the job is running."""
    return delete_all(client, [job_id])[0]


def delete_all(client: Redis, job_ids: Sequence[str]) -> list[str | None]:
    """Delete jobs; return what `delete_record` does for each."""
    script_keys = (
        keys.QUEUE_KEY, keys.SCHEDULED_KEY, keys.DEFERRED_KEY, keys.FINISHED_KEY, keys.FAILED_KEY,
        keys.CANCELED_KEY, keys.ENDING_KEY, keys.ARTIFACTS_KEY, keys.INTERMEDIATE_KEY,
    )  # fmt: skip
    calls = [(script_keys, (job_id,)) for job_id in job_ids]
    notes = run_script_for_each(client, "job_manager/delete_record", calls)
    return [None if note is None else str(note.decode(errors="replace")) for note in notes]
