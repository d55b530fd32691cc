"""The log of a job: all that is known of its course, in the order of time, for its owner to read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple, cast

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.job_manager.records import JOB_ID, JobRecord, fetch_job
from libraries.job_manager.states import STATES
from libraries.job_manager.transitions import unpack_trace
from libraries.json_types import JsonObject

# What is no more than "it began", and so stands in front of what was said in the same millisecond.
BEGINNINGS = frozenset({"queued", "begun"})
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
    """One thing that happened: a key that no other has, when it was, its kind in one word, what there is to say, and a trace."""

    key: str
    at: datetime
    kind: str
    text: str
    trace: str = ""


class LogBuilder:
    """Turns what a job says into entries, and passes over progress whose message has not changed."""

    __slots__ = ("_message",)

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._message = ""

    def entry(self, event_id: str, name: str, data: JsonObject) -> LogEntry | None:
        """Return the entry of an event, None for one that says nothing new."""
        if name == "status":
            # The next attempt may say the same again.
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


def read_log(job_id: str, narrator: LogBuilder | None = None) -> list[LogEntry] | None:
    """Return what is known of the course of a job, from its queueing on; None when there is no such job.

    Of what it said, the last 500 events are kept, and of its failed attempts ten, the last five with a trace.

    Args:
        job_id: the job.
        narrator: hears all that the job said, and can tell then what of further events is new.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    if not JOB_ID.fullmatch(job_id):
        return None
    record = fetch_job(job_id)
    values, events, results = retry(lambda: _read(web_client(), job_id))
    known = {
        name: value.decode()
        for name, value in zip(FIELDS, values, strict=True)
        if value is not None
    }
    if record is None or "status" not in known:
        return None
    course = [*_course(known, results[0][1] if results else {}), *_end(known, record)]
    return list(_merged(course, _said(events, narrator or LogBuilder())))


def _read(client: Redis, job_id: str) -> tuple[list[bytes | None], Stream, Stream]:
    """Return the fields of the record, the events that were kept, and the last result."""
    with client.pipeline(transaction=False) as pipeline:
        pipeline.hmget(keys.job_key(job_id), list(FIELDS))
        pipeline.xrange(keys.events_key(job_id))
        pipeline.xrevrange(keys.results_key(job_id), count=1)
        return cast("tuple[list[bytes | None], Stream, Stream]", tuple(pipeline.execute()))


def _course(known: dict[str, str], result: dict[bytes, bytes]) -> Iterator[LogEntry]:
    """Yield the job's queueing, and the beginning and the end of each attempt that is remembered."""
    if created := known.get("created_at"):
        yield LogEntry("queued", _moment(created), "queued", known.get("description", ""))
    attempts = json.loads(known.get("attempts") or "[]")
    traces = {
        one["number"]: unpack_trace(one["trace"]) for one in json.loads(known.get("traces") or "[]")
    }
    for place, attempt in enumerate(attempts, 1):
        number = attempt.get("number", place)
        yield from _failed(number, attempt, traces.get(number, ""))
    started, status = known.get("started_at"), STATES[known["status"]]
    if started and not attempts and status in ("failed", "stopped") and result.get(b"worker_name"):
        # A stock `rq worker` remembers no attempts, but what the last one came to.
        trace = unpack_trace(result[b"exc_string"])
        names = {
            "worker": result[b"worker_name"].decode(),
            "started_at": started,
            "ended_at": known.get("ended_at", started),
        }
        yield from _failed(1, {**names, "error": (trace.strip().splitlines() or [""])[-1]}, trace)
    if started and status in ("started", "finished"):
        last = attempts[-1].get("number", len(attempts)) if attempts else 0
        yield from _present(last + 1, started, known)


def _failed(number: int, attempt: dict[str, str], trace: str) -> Iterator[LogEntry]:
    ended, error = _moment(attempt["ended_at"]), attempt.get("error", "")
    lasted = ""
    if attempt.get("started_at"):
        begun = _moment(attempt["started_at"])
        yield _begun(number, begun, attempt.get("worker", ""))
        lasted = f" after {(ended - begun).total_seconds():.3f} s"
    kind = "stopped" if error.startswith("Job stopped by user") else "failed"
    # What has no trace of its own, such as the death of a process, says all in one line.
    told = trace if trace.strip() != error.strip() else ""
    yield LogEntry(f"{kind} {number}", ended, kind, f"attempt {number}{lasted}: {error}", told)


def _present(number: int, started: str, known: dict[str, str]) -> Iterator[LogEntry]:
    """Yield the beginning of the attempt that runs or has finished, and its end if it has one."""
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


def _end(known: dict[str, str], record: JobRecord) -> Iterator[LogEntry]:
    """Yield how the job ended, if it has: looked at twice, it may have begun anew in between."""
    status, ended = STATES[known["status"]], known.get("ended_at")
    if record.done and record.status == status and ended:
        why = "" if record.public_error is None else f": {record.public_error}"
        yield LogEntry(f"ended {ended}", _moment(ended), "ended", f"{status}{why}")


def _said(events: Stream, narrator: LogBuilder) -> Iterator[LogEntry]:
    for raw_id, fields in events:
        entry = narrator.entry(
            raw_id.decode(), fields[b"event"].decode(), json.loads(fields[b"data"])
        )
        if entry is not None:
            yield entry


def _merged(course: list[LogEntry], said: Iterable[LogEntry]) -> Iterator[LogEntry]:
    """Yield both in the order of time, to the millisecond: the attempts by the workers' clocks, what was said by the broker's."""
    ahead = iter(course)
    step = next(ahead, None)
    for entry in said:
        while step and (step.at < entry.at or (step.at == entry.at and step.kind in BEGINNINGS)):
            yield step
            step = next(ahead, None)
        yield entry
    if step:
        yield step
    yield from ahead


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _moment_of(event_id: str) -> datetime:
    return datetime.fromtimestamp(int(event_id.partition("-")[0]) / 1000, UTC)
