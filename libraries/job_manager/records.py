"""Job records, read in one round trip and without RQ's clean-up."""

from __future__ import annotations

import re
import time
import zlib
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, cached_property, lru_cache
from typing import Any, cast

from libraries.broker import Redis
from libraries.broker.keys import QUEUE_KEY, job_key, results_key
from libraries.job_manager.errors import BadRecord, first_line
from libraries.job_manager.jobs import read_arguments
from libraries.job_manager.ownership import ANONYMOUS, is_guest
from libraries.job_manager.record_fields import (
    DAMAGE,
    FIELDS,
    damage_text,
    is_wrong_type,
    moment,
    parse_fields,
    replies_with_damage,
)
from libraries.job_manager.states import FINAL_STATES, UNREADABLE
from libraries.job_manager.transitions import unpack_trace
from libraries.json_types import JsonObject
from libraries.pickled_json import PickledJson
from libraries.settings import JobSettings

JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
# A longer search would slow down each poll of a long queue.
MAX_POSITION = 1000
BLOCK_SIZE = 500
WORKER_LOST = "the process that ran the job ended unexpectedly"
# Public error code and text by a mark in the error that RQ or a worker recorded.
PUBLIC_FAILURES = {
    "JobTimeout": ("timeout", "the job ran longer than its timeout allows"),
    "Work-horse terminated unexpectedly": ("worker-lost", WORKER_LOST),
    "AbandonedJobError": ("worker-lost", WORKER_LOST),
    "Job stopped by user": ("stopped", "the job was stopped on request"),
    "Job was stuck": ("worker-lost", "the worker that took the job ended before running it"),
}
# The code of an exception whose text was not written for clients.
INTERNAL_ERROR = "internal-error"


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """A snapshot of a job. Times are UTC, `timeout` is in seconds.

    `error` is for operators, `public_error` and `error_code` are for clients. `detail` is the error
    for the owner. `position` is 0 at the front of the queue, and None if the job is not among its
    first thousand. `arguments` are those of `jobs.shown_call`; None if the stored call cannot be
    read. `retry_of` is the id of the job that this one repeats with other arguments.
    """

    id: str
    status: str
    result: Any = None
    error: str | None = None
    detail: str | None = None
    error_code: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    task: str = ""
    position: int | None = None
    progress: JsonObject | None = None
    attempt: int = 0
    retries_left: int = 0
    timeout: int = 0
    expires_at: datetime | None = None
    artifacts: list[JsonObject] = field(default_factory=list)
    attempts: list[dict[str, str]] = field(default_factory=list)
    owner: str = ANONYMOUS
    batch_id: str | None = None
    tags: list[str] = field(default_factory=list)
    arguments: JsonObject | None = None
    retry_of: str | None = None

    @cached_property
    def renderings(self) -> dict[str, Any]:
        """Representations of this record by their kind, so that a record that is kept is rendered once."""
        return {}

    @property
    def done(self) -> bool:
        return self.status in FINAL_STATES or self.status == UNREADABLE

    def as_of(self, change: Mapping[str, Any]) -> JobRecord:
        """Return the record as it was right after a change of its status.

        `change` is the data of the event; events of earlier versions have only the status.
        """
        same_attempt = change.get("attempt", self.attempt) == self.attempt
        if change["status"] == self.status and same_attempt:
            return self
        return replace(
            self._without_outcome(change["status"]),
            started_at=_time(change.get("started_at")) or self.started_at,
            ended_at=_time(change.get("ended_at")),
            attempt=change.get("attempt", self.attempt),
            retries_left=change.get("retries_left", self.retries_left),
            progress=None,
        )

    def before_end(self) -> JobRecord:
        """Return the record of a job that is done as it was before its end."""
        return self._without_outcome("started" if self.started_at else "queued")

    def _without_outcome(self, status: str) -> JobRecord:
        outcome = ("result", "error", "detail", "error_code", "ended_at", "expires_at")
        unknown: JsonObject = dict.fromkeys((*outcome, "position"))
        return replace(self, status=status, artifacts=[], **unknown)

    @property
    def public_error(self) -> str | None:
        """The error for the client of this context: only the owner sees the text of exceptions."""
        if self.detail is None or not is_guest() or self.error_code != INTERNAL_ERROR:
            return self.detail
        return "internal error; the owner of the job sees more"


def read_records(client: Redis, job_ids: Sequence[str]) -> list[JobRecord | None]:
    """Return the records of several jobs in one round trip, without their positions.

    `with_arguments` completes those of older versions.
    """
    with client.pipeline(transaction=False) as pipeline:
        for job_id in job_ids:
            pipeline.hmget(job_key(job_id), list(FIELDS))
            pipeline.xrevrange(results_key(job_id), count=1)
        answers = replies_with_damage(pipeline.execute(raise_on_error=False))
    return [
        record_of(job_id, values, results)
        for job_id, values, results in zip(job_ids, answers[::2], answers[1::2], strict=True)
    ]


def find_unreadable(client: Redis, *, limit_s: float) -> tuple[list[str], bool]:
    """Return the damaged jobs, and whether all records were read within `limit_s` seconds."""
    deadline, found, block = time.monotonic() + limit_s, list[str](), list[str]()
    for key in client.scan_iter(f"{job_key('*')}", count=BLOCK_SIZE):
        job_id = key.decode(errors="replace").removeprefix(job_key(""))
        if not JOB_ID.fullmatch(job_id):
            continue  # another key of the job
        block.append(job_id)
        if len(block) == BLOCK_SIZE:
            found += _unreadable_among(client, block)
            block.clear()
            if time.monotonic() > deadline:
                return found, False
    return found + _unreadable_among(client, block), True


def _unreadable_among(client: Redis, job_ids: list[str]) -> list[str]:
    records = read_records(client, job_ids)
    return [one.id for one in records if one is not None and one.status == UNREADABLE]


def read_raw(client: Redis, job_id: str, *, with_position: bool) -> list[Any]:
    """Return, unparsed, what the broker stores of a job; errors are among the replies."""
    with client.pipeline(transaction=False) as pipeline:
        pipeline.hmget(job_key(job_id), FIELDS)
        pipeline.xrevrange(results_key(job_id), count=1)
        if with_position:
            pipeline.lpos(QUEUE_KEY, job_id, maxlen=MAX_POSITION)
        return list(pipeline.execute(raise_on_error=False))


def read_record(client: Redis, job_id: str) -> JobRecord | None:
    with client.pipeline(transaction=False) as pipeline:
        pipeline.hmget(job_key(job_id), list(FIELDS))
        pipeline.xrevrange(results_key(job_id), count=1)
        pipeline.lpos(QUEUE_KEY, job_id, maxlen=MAX_POSITION)
        replies = replies_with_damage(pipeline.execute(raise_on_error=False))
    values, results, position = replies
    record = record_of(job_id, values, results, None if is_wrong_type(position) else position)
    return with_arguments(client, [record])[0]


def with_arguments(client: Redis, records: Sequence[JobRecord | None]) -> list[JobRecord | None]:
    """Add the arguments of jobs that were queued by an older version or another program."""
    missing = {
        one.id: one.task
        for one in records
        if one and one.arguments is None and one.status != UNREADABLE
    }
    if not missing:
        return list(records)
    found = read_arguments(client, missing)
    return [
        replace(one, arguments=found[one.id]) if one and one.id in found else one for one in records
    ]


def decode_fields(names: Sequence[str], values: Sequence[bytes | None]) -> dict[str, str]:
    """Return the reply of HMGET by name, without missing fields."""
    pairs = zip(names, values, strict=True)
    return {name: value.decode(errors="replace") for name, value in pairs if value is not None}


def record_of(
    job_id: str,
    values: list[bytes | None] | Exception,
    results: list[Any] | Exception,
    position: int | None = None,
) -> JobRecord | None:
    """Return the record of a job; `values` and `results` are errors if their key has another type."""
    if isinstance(values, Exception):
        return _unreadable(job_id, {}, ["type"])
    if values[FIELDS.index("status")] is None:
        return None
    known, damaged = parse_fields(values)
    outcome, result_damage = _read_outcome(known, results)
    if damaged or result_damage:
        return _unreadable(job_id, known, [*damaged, *result_damage])
    return _from_fields(job_id, known["status"], known, outcome, position)


class KnownRecords:
    """The records of ended jobs that were listed last.

    Lists are read often, and parsing takes longer than comparing what the broker stores. The records
    are shared, so they must not be changed.
    """

    MAX_RECORDS = 256
    # In total the records take a few megabytes.
    MAX_BYTES = 4096

    @classmethod
    def record_of(
        cls, job_id: str, values: list[bytes | None] | Exception, results: list[Any] | Exception
    ) -> JobRecord | None:
        """Return `record_of` for the entries of a stream as scripts return them."""
        if not isinstance(values, Exception) and not isinstance(results, Exception):
            parts = results[0][1] if results else ()
            size = sum([len(one) for one in (*values, *parts) if one is not None])
            if values[FIELDS.index("status")] in cls._final() and size <= cls.MAX_BYTES:
                settings = JobSettings.current()
                lifetimes = settings.result_ttl, settings.failure_ttl
                return cls._parsed(job_id, tuple(values), tuple(parts), lifetimes)
        return record_of(job_id, values, _as_stream(results))

    @staticmethod
    @cache
    def _final() -> frozenset[bytes | None]:
        return frozenset(state.encode() for state in FINAL_STATES)

    @staticmethod
    @lru_cache(maxsize=MAX_RECORDS)
    def _parsed(
        job_id: str,
        values: tuple[bytes | None, ...],
        parts: tuple[bytes, ...],
        _lifetimes: tuple[int, int],
    ) -> JobRecord | None:
        return record_of(job_id, list(values), _as_stream([(b"", parts)] if parts else []))


def _as_stream(results: Any) -> Any:
    """Return the entries of a stream, or an error, as the client returns them."""
    if isinstance(results, Exception):
        return results
    return [(entry, dict(zip(parts[::2], parts[1::2], strict=True))) for entry, parts in results]


def _unreadable(job_id: str, known: JsonObject, damaged: list[str]) -> JobRecord:
    """Return what can be read of a damaged record; the owner is '' if it cannot be read."""
    owner = "" if {"type", "owner"} & set(damaged) else known.get("owner", ANONYMOUS)
    text = damage_text(damaged)
    outcome = {"error": text, "error_code": BadRecord.code, "detail": text}
    return _from_fields(job_id, UNREADABLE, {**known, "owner": owner}, outcome, None)


def _from_fields(
    job_id: str, status: str, known: JsonObject, outcome: JsonObject, position: int | None
) -> JobRecord:
    return JobRecord(
        id=job_id,
        status=status,
        **outcome,
        created_at=known.get("created_at"),
        started_at=known.get("started_at"),
        ended_at=known.get("ended_at"),
        task=known.get("description", ""),
        position=position if status == "queued" else None,
        progress=known.get("progress"),
        attempt=known.get("number_of_retries", 0) + (1 if known.get("started_at") else 0),
        retries_left=known.get("retries_left", 0),
        timeout=known.get("timeout", 0),
        expires_at=_expiry(status, known, JobSettings.current()),
        artifacts=known.get("meta", {}).get("artifacts", []) if status == "finished" else [],
        attempts=known.get("attempts", []),
        owner=known.get("owner", ANONYMOUS),
        batch_id=known.get("batch"),
        tags=known.get("tags", []),
        arguments=known.get("arguments"),
        retry_of=known.get("retry_of"),
    )


def _read_outcome(
    known: JsonObject, results: list[Any] | Exception
) -> tuple[JsonObject, list[str]]:
    """Return the outcome of a job, or `["result"]` if it is damaged."""
    if isinstance(results, Exception):
        return {}, ["result"]
    status = known.get("status", "")
    fields = results[0][1] if results and status in FINAL_STATES else {}
    try:
        return _outcome(status, fields, known.get("failure")), []
    except (*DAMAGE, zlib.error):
        return {}, ["result"]


def _outcome(status: str, outcome: dict[bytes, bytes], public: dict[str, str] | None) -> JsonObject:
    if status == "finished":
        value = outcome.get(b"return_value")
        return {"result": PickledJson.loads(b64decode(value)) if value is not None else None}
    if status not in ("failed", "stopped"):
        return {}
    trace = unpack_trace(outcome[b"exc_string"]) if outcome.get(b"exc_string") else ""
    if public and status == "failed":
        return {
            "error": public["text"],
            "error_code": public["code"],
            "detail": public["detail"],
        }
    error = error_of_trace(trace)
    code, detail = _known_failure(error)
    return {"error": error, "error_code": code, "detail": detail}


def error_of_trace(trace: str) -> str:
    """Return the type and the first line of the message of the exception in a traceback."""
    lines = [line for line in trace.strip().splitlines() if not line.startswith("Traceback (")]
    frames = [number for number, line in enumerate(lines) if line.startswith("  File ")]
    after = lines[frames[-1] + 1 :] if frames else lines
    found = next((line for line in after if line and not line[0].isspace()), "no details recorded")
    return first_line(found).removeprefix("rq.timeouts.")


def attempt_error(attempt: dict[str, str]) -> str:
    """Return the error of an attempt for the client of this context."""
    code, text = _known_failure(attempt.get("error", ""))
    if code == INTERNAL_ERROR and is_guest():
        text = "internal error"
    return attempt.get("detail", text)


def _known_failure(error: str) -> tuple[str, str]:
    """Return the code and the text of an error of RQ; other errors are internal."""
    return next(
        (found for mark, found in PUBLIC_FAILURES.items() if mark in error),
        (INTERNAL_ERROR, first_line(error)),
    )


def _time(text: str | None) -> datetime | None:
    try:
        return moment(text)
    except DAMAGE:
        return None


def _expiry(status: str, known: JsonObject, settings: JobSettings) -> datetime | None:
    ended = known.get("ended_at")
    if ended is None or status not in FINAL_STATES:
        return None
    name = "result_ttl" if status == "finished" else "failure_ttl"
    lifetime_s = known.get(name) or getattr(settings, name)
    return cast("datetime", ended) + timedelta(seconds=lifetime_s)
