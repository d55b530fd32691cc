"""The steps of a job's life, each one script that the broker runs as a whole: a crash falls before a step or behind it."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, cast

from libraries.broker import Redis, keys
from libraries.broker.scripts import run_script

# Seconds. Until its first heartbeat a job is only lent to its worker.
LEASE_S = 5
HEARTBEAT_S = 5
HEARTBEAT_TTL_S = 3 * HEARTBEAT_S
# A worker claims what it popped within milliseconds; what lies in between for longer lost its worker. Too short would do no
# harm: a worker that comes late finds its claim gone and takes another job.
MAX_INTERMEDIATE_S = 0.9
MAX_RESCUES = 3
MAX_STORED_ATTEMPTS = 10
MAX_ERROR_CHARS = 4096
# Of how many failed attempts the traces are kept, and how much of each, for the log that the job's owner can read.
MAX_TRACES, MAX_TRACE_CHARS = 5, 8192
# RQ's own words for it, which its dashboards and our own records know.
LOST_TRACE = "AbandonedJobError: the worker was silent for too long"
POISON_TRACE = "PoisonJob: each worker that took this job died before it could say so"

# Results of `lua/finish.lua` and `lua/fail.lua`.
SUPERSEDED, DONE, FINISHED_WITH_DEPENDENTS, FAILED_WITH_DEPENDENTS = 0, 1, 2, 3


@dataclass(frozen=True)
class Attempt:
    """One run of a job by one worker. Times are Unix seconds."""

    job_id: str
    execution_id: str
    worker: str
    started: float


def iso(seconds: float) -> str:
    """Return Unix seconds in the form in which RQ writes times."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def pack_trace(text: str) -> str:
    """Return a trace in the form in which RQ keeps it."""
    return b64encode(zlib.compress(text.encode(errors="backslashreplace"))).decode()


def unpack_trace(packed: str | bytes) -> str:
    """Return a trace that `pack_trace`, or RQ, has packed."""
    return zlib.decompress(b64decode(packed)).decode()


def cut_trace(trace: str) -> str:
    """Return a trace as it is kept: of a long one the beginning, which says where, and the end, which says what."""
    over = len(trace) - MAX_TRACE_CHARS
    half = MAX_TRACE_CHARS // 2
    return (
        f"{trace[:half]}\n[{over} characters are left out]\n{trace[-half:]}" if over > 0 else trace
    )


def take(
    client: Redis, worker: str, execution_id: str, now: float, *, claimed: str = ""
) -> dict[bytes, bytes] | str | None:
    """Take the next job, or the one that BLMOVE has put into the intermediate list.

    Returns:
        The job's record with its id under `b"id"`, None when there is none, `"suspended"` while the queue is paused.
    """
    script_keys = (
        keys.QUEUE_KEY, keys.INTERMEDIATE_KEY, keys.STARTED_KEY, keys.worker_key(worker), keys.worker_executions_key(worker),
        keys.SUSPENDED_KEY,
    )  # fmt: skip
    taken = run_script(
        client,
        "job_manager/take",
        script_keys,
        (claimed, execution_id, worker, iso(now), now, LEASE_S),
    )
    if taken is None:
        return None
    if not isinstance(taken, list):
        return "suspended"
    record = dict(zip(taken[1::2], taken[2::2], strict=True))
    record[b"id"] = taken[0]
    return cast("dict[bytes, bytes]", record)


def finish(
    client: Redis,
    attempt: Attempt,
    ended: float,
    *,
    result: str | None,
    lifetime: int,
    made: str = "",
) -> int:
    """Commit a result, given as JSON or None, and the note of the job's files; `lua/finish.lua` says what is returned."""
    packed = b64encode(result.encode()).decode() if result is not None else ""
    script_keys = (
        keys.STARTED_KEY, keys.FINISHED_KEY, keys.worker_key(attempt.worker), keys.worker_executions_key(attempt.worker),
        keys.ENDING_KEY, keys.ARTIFACTS_KEY,
    )  # fmt: skip
    arguments = (
        attempt.job_id,
        attempt.execution_id,
        attempt.worker,
        iso(ended),
        attempt.started,
        ended,
        packed,
        lifetime,
        made,
    )
    return int(run_script(client, "job_manager/finish", script_keys, arguments))


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
    public: dict[str, str] | None = None,
) -> int:
    """End an attempt that failed; `error` is its last line, `told` what clients may know. See `lua/fail.lua`."""
    script_keys = (
        keys.QUEUE_KEY, keys.STARTED_KEY, keys.SCHEDULED_KEY, keys.FAILED_KEY, keys.worker_key(attempt.worker),
        keys.worker_executions_key(attempt.worker), keys.ENDING_KEY,
    )  # fmt: skip
    remembered = {
        "worker": attempt.worker,
        "started_at": iso(attempt.started),
        "ended_at": iso(ended),
        "error": error[:MAX_ERROR_CHARS],
        **({"detail": public["detail"][:MAX_ERROR_CHARS]} if public else {}),
    }
    arguments = (
        attempt.job_id, attempt.execution_id, attempt.worker, iso(ended), attempt.started, ended, pack_trace(trace), lifetime,
        "stopped" if stopped else "failed", "1" if permanent else "", json.dumps(public) if public else "", json.dumps(remembered),
        MAX_STORED_ATTEMPTS, MAX_TRACES,
    )  # fmt: skip
    return int(run_script(client, "job_manager/fail", script_keys, arguments))


def heartbeat(client: Redis, attempt: Attempt, now: float) -> bool:
    """Say that a running job is alive; return whether it still belongs to this attempt."""
    arguments = (attempt.job_id, attempt.execution_id, iso(now), now, HEARTBEAT_TTL_S)
    return bool(run_script(client, "job_manager/heartbeat", (keys.STARTED_KEY,), arguments))


def append_event(client: Redis, job_id: str, execution_id: str, event: str, text: str) -> bool:
    """Keep and tell what a running job says, as JSON; return whether it still belongs to this attempt."""
    script_keys = (keys.job_key(job_id), keys.STARTED_KEY)
    return bool(
        run_script(
            client, "job_manager/append_event", script_keys, (job_id, execution_id, event, text)
        )
    )


def return_job(client: Redis, attempt: Attempt) -> bool:
    """Hand a job back to the front of the queue; return whether it was this attempt's to give."""
    script_keys = (keys.QUEUE_KEY, keys.STARTED_KEY, keys.worker_executions_key(attempt.worker))
    return bool(
        run_script(
            client, "job_manager/return_job", script_keys, (attempt.job_id, attempt.execution_id)
        )
    )


def requeue(client: Redis, job_id: str) -> bool:
    """Put a job back that BLMOVE has put into the intermediate list; return whether it still lay there."""
    return bool(
        run_script(
            client, "job_manager/requeue", (keys.QUEUE_KEY, keys.INTERMEDIATE_KEY), (job_id,)
        )
    )


class Reaped(NamedTuple):
    """What one round of reaping did: numbers of jobs, and the ids of ended jobs whose dependents are not released yet."""

    requeued: int
    retried: int
    lost: int
    poison: int
    due: int
    waited_for: list[str]


def reap(client: Redis, now: float, lifetime: int, *, most: int = 1000) -> Reaped:
    """Put right what processes that died have left behind, and queue what is due."""
    script_keys = (
        keys.QUEUE_KEY,
        keys.INTERMEDIATE_KEY,
        keys.STARTED_KEY,
        keys.SCHEDULED_KEY,
        keys.FAILED_KEY,
        keys.ENDING_KEY,
    )
    arguments = (
        MAX_INTERMEDIATE_S, MAX_RESCUES, iso(now), lifetime, pack_trace(LOST_TRACE), pack_trace(POISON_TRACE), MAX_STORED_ATTEMPTS,
        most,
    )  # fmt: skip
    requeued, retried, lost, poison, due, waited_for = run_script(
        client, "job_manager/reap", script_keys, arguments
    )
    return Reaped(requeued, retried, lost, poison, due, [job_id.decode() for job_id in waited_for])


def cancel(client: Redis, job_id: str, now: float, lifetime: int) -> bool:
    """Take a job that has not begun out of the queue; return whether it is canceled now."""
    script_keys = (
        keys.QUEUE_KEY,
        keys.SCHEDULED_KEY,
        keys.DEFERRED_KEY,
        keys.CANCELED_KEY,
        keys.ENDING_KEY,
    )
    return bool(run_script(client, "job_manager/cancel", script_keys, (job_id, iso(now), lifetime)))


def retry(client: Redis, job_id: str, now: float, retries: int, most_waiting: int) -> int:
    """Queue a job again that ended without a result; see `lua/retry.lua` for what is returned."""
    script_keys = (
        keys.QUEUE_KEY,
        keys.FAILED_KEY,
        keys.CANCELED_KEY,
        keys.ENDING_KEY,
        keys.SCHEDULED_KEY,
    )
    return int(
        run_script(
            client, "job_manager/retry", script_keys, (job_id, iso(now), retries, most_waiting)
        )
    )


def abandon(client: Redis, job_id: str, now: float, lifetime: int) -> bool:
    """Give up a job that waits for one that will never finish; return whether it still waited."""
    code, detail = "dependency-failed", "a job that this one had to wait for ended without a result"
    told = json.dumps({"code": code, "detail": detail, "text": f"DependencyFailed: {detail}"})
    script_keys = (keys.DEFERRED_KEY, keys.FAILED_KEY, keys.ENDING_KEY)
    arguments = (job_id, iso(now), lifetime, told, pack_trace(f"DependencyFailed: {detail}"))
    return bool(run_script(client, "job_manager/abandon", script_keys, arguments))


def delete_record(client: Redis, job_id: str) -> str | None:
    """Remove all that is known of a job but the note of its files; return that note, '' if there is none, None when it runs."""
    script_keys = (
        keys.QUEUE_KEY, keys.SCHEDULED_KEY, keys.DEFERRED_KEY, keys.FINISHED_KEY, keys.FAILED_KEY, keys.CANCELED_KEY,
        keys.ENDING_KEY, keys.ARTIFACTS_KEY, keys.INTERMEDIATE_KEY,
    )  # fmt: skip
    note = run_script(client, "job_manager/delete_record", script_keys, (job_id,))
    return None if note is None else str(note.decode())
