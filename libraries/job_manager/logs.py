"""The log of a job: its attempts, progress and log messages in order of time."""

from __future__ import annotations

import heapq
import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import NamedTuple, cast

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.job_manager.backends import fetch_job
from libraries.job_manager.ownership import is_guest
from libraries.job_manager.record_fields import DAMAGE
from libraries.job_manager.records import (
    JOB_ID,
    JobRecord,
    attempt_error,
    decode_fields,
    error_of_trace,
)
from libraries.job_manager.states import STATES, UNREADABLE
from libraries.job_manager.transitions import unpack_trace
from libraries.json_types import JsonObject

# Order of entries within a millisecond, by kind; other kinds come last.
RANKS = {"queued": 0, "begun": 0, "log": 1, "progress": 1}
Stream = list[tuple[bytes, dict[bytes, bytes]]]
FIELDS = (
    "status",
    "description",
    "created_at",
    "started_at",
    "ended_at",
    "worker_name",
    "attempts",
    "traces",
    "failure",
)


class LogEntry(NamedTuple):
    """An entry with a unique key; `kind` is one word, `trace` a traceback or empty."""

    key: str
    at: datetime
    kind: str
    text: str
    trace: str = ""


class LogBuilder:
    """Converts job events to entries; skips progress with an unchanged message."""

    __slots__ = ("_message",)

    def __init__(self) -> None:
        self._message = ""

    def entry(self, event_id: str, name: str, data: JsonObject) -> LogEntry | None:
        """Return the entry of an event, None for an event without news."""
        if name == "status":
            # A new attempt may repeat the message.
            self._message = ""
        message = str(data.get("message", ""))
        if name == "log":
            return LogEntry(event_id, _moment_of(event_id), name, message)
        if name != "progress" or message in ("", self._message):
            return None
        self._message = message
        return LogEntry(
            event_id, _moment_of(event_id), name, f"{data.get('percent', 0)} % {message}"
        )


def read_log(job_id: str, builder: LogBuilder | None = None) -> list[LogEntry] | None:
    """Return the log of a job, None if it does not exist.

    It contains the last 500 events and ten failed attempts, the last five of them with a traceback,
    which a guest does not see.
    With the same `builder`, further events without news are skipped.
    """
    if not JOB_ID.fullmatch(job_id):
        return None
    record = fetch_job(job_id)
    if record is not None and record.status == UNREADABLE:
        at = record.ended_at or record.created_at or datetime.fromtimestamp(0, UTC)
        return [LogEntry("ended", at, "ended", f"{record.status}: {record.public_error}")]
    values, events, results = retry(lambda: _read(web_client(), job_id))
    known = decode_fields(FIELDS, values)
    if record is None or "status" not in known:
        return None
    result = results[0][1] if results else {}
    attempts = chain(_attempt_entries(known, result), _end_entries(known, record))
    messages = _message_entries(events, builder or LogBuilder())
    return list(heapq.merge(attempts, messages, key=lambda one: (one.at, RANKS.get(one.kind, 2))))


def _read(client: Redis, job_id: str) -> tuple[list[bytes | None], Stream, Stream]:
    with client.pipeline(transaction=False) as pipeline:
        pipeline.hmget(keys.job_key(job_id), list(FIELDS))
        pipeline.xrange(keys.events_key(job_id))
        pipeline.xrevrange(keys.results_key(job_id), count=1)
        return cast("tuple[list[bytes | None], Stream, Stream]", tuple(pipeline.execute()))


def _attempt_entries(known: dict[str, str], result: dict[bytes, bytes]) -> Iterator[LogEntry]:
    """Yield the submission, and the start and end of each recorded attempt."""
    if created := known.get("created_at"):
        yield LogEntry("queued", _moment(created), "queued", known.get("description", ""))
    attempts = json.loads(known.get("attempts") or "[]")
    traces = _traces(known)
    for index, attempt in enumerate(attempts, 1):
        number = attempt.get("number", index)
        yield from _failed(number, attempt, traces.get(number, ""))
    started, status = known.get("started_at"), STATES[known["status"]]
    if started and not attempts and status in ("failed", "stopped") and result.get(b"worker_name"):
        # A stock `rq worker` records no attempts, only the last result.
        trace = unpack_trace(result[b"exc_string"])
        names = {
            "worker": result[b"worker_name"].decode(),
            "started_at": started,
            "ended_at": known.get("ended_at", started),
        }
        yield from _failed(1, {**names, "error": error_of_trace(trace)}, trace)
    if started and status in ("started", "finished"):
        last = attempts[-1].get("number", len(attempts)) if attempts else 0
        yield from _last_attempt(last + 1, started, known)


def _traces(known: dict[str, str]) -> dict[int, str]:
    """Return the tracebacks by attempt; none if they are damaged."""
    try:
        found = json.loads(known.get("traces") or "[]")
        return {one["number"]: unpack_trace(one["trace"]) for one in found}
    except (*DAMAGE, zlib.error):
        return {}


def _failed(number: int, attempt: dict[str, str], trace: str) -> Iterator[LogEntry]:
    ended, error = _moment(attempt["ended_at"]), attempt.get("error", "")
    duration = ""
    if attempt.get("started_at"):
        begun = _moment(attempt["started_at"])
        yield _begun(number, begun, attempt.get("worker", ""))
        duration = f" after {(ended - begun).total_seconds():.3f} s"
    kind = "stopped" if error.startswith("Job stopped by user") else "failed"
    # Errors without a traceback, such as a killed process, have one line.
    detail = trace if trace.strip() != error.strip() else ""
    if is_guest():
        detail, error = "", attempt_error(attempt)
    yield LogEntry(f"{kind} {number}", ended, kind, f"attempt {number}{duration}: {error}", detail)


def _last_attempt(number: int, started: str, known: dict[str, str]) -> Iterator[LogEntry]:
    """Yield the start of the running or finished attempt, and its end."""
    begun, ended = _moment(started), known.get("ended_at")
    yield _begun(number, begun, known.get("worker_name", ""))
    if ended and known["status"] == "finished":
        seconds = (_moment(ended) - begun).total_seconds()
        yield LogEntry(
            f"done {number}", _moment(ended), "done", f"attempt {number} after {seconds:.3f} s"
        )


def _begun(number: int, at: datetime, worker: str) -> LogEntry:
    return LogEntry(
        f"begun {number}", at, "begun", f"attempt {number}, worker {worker or 'unknown'}"
    )


def _end_entries(known: dict[str, str], record: JobRecord) -> Iterator[LogEntry]:
    """Yield the end of the job; the job may have restarted between the two reads."""
    status, ended = STATES[known["status"]], known.get("ended_at")
    if record.done and record.status == status and ended:
        why = "" if record.public_error is None else f": {record.public_error}"
        yield LogEntry(f"ended {ended}", _moment(ended), "ended", f"{status}{why}")


def _message_entries(events: Stream, builder: LogBuilder) -> Iterator[LogEntry]:
    for raw_id, fields in events:
        entry = builder.entry(
            raw_id.decode(), fields[b"event"].decode(), json.loads(fields[b"data"])
        )
        if entry is not None:
            yield entry


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _moment_of(event_id: str) -> datetime:
    return datetime.fromtimestamp(int(event_id.partition("-")[0]) / 1000, UTC)
