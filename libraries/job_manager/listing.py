"""Lists of jobs: filtered, sorted by time, and paginated."""

from __future__ import annotations

import base64
import binascii
import json
import math
import operator
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.errors import InvalidInput
from libraries.job_manager.ownership import current_owner
from libraries.job_manager.record_fields import replies_with_damage
from libraries.job_manager.records import JOB_ID, JobRecord, read_records, with_arguments
from libraries.job_manager.states import STATES, UNREADABLE

Scored = list[tuple[bytes, float]]
BLOCK_SIZE = 200
# A page ends after this many examined jobs, even if few of them match.
MAX_SEARCHED = 2000


@dataclass(frozen=True)
class JobPage:
    """A page of jobs; `next_cursor` is None on the last page. `cursors` continue after each job."""

    items: list[JobRecord]
    next_cursor: str | None
    cursors: list[str]


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Filter of jobs; None matches all.

    `states` are several states, and `text` is searched in the id, the task, the error, the result,
    the tags and the arguments, as far as they are shown.
    """

    status: str | None = None
    task: str | None = None
    text: str | None = None
    tag: str | None = None
    batch_id: str | None = None
    states: Collection[str] | None = None

    def find(self, client: Redis, job_ids: list[str]) -> list[JobRecord | None]:
        """Return the records of jobs, and None for those that do not match."""
        admitted = [
            one if one and self._admits(one) else None for one in read_records(client, job_ids)
        ]
        wanted = None if self.text is None else self.text.lower()
        return [
            one if one and (wanted is None or wanted in _text_of(one).lower()) else None
            for one in with_arguments(client, admitted)
        ]

    def _admits(self, record: JobRecord) -> bool:
        return (
            self.status in (None, record.status)
            and (self.states is None or record.status in self.states)
            and self.task in (None, record.task)
            and self.batch_id in (None, record.batch_id)
            and (self.tag is None or self.tag in record.tags)
        )


def _text_of(record: JobRecord) -> str:
    result = record.result if isinstance(record.result, str) else ""
    known = [record.id, record.task, record.public_error or "", result, *record.tags]
    call = record.arguments or {"args": [], "kwargs": {}}
    return " ".join([*known, *_texts_in([call["kwargs"], call["args"]])])


def _texts_in(value: Any) -> Iterator[str]:
    """Yield the names and values in JSON: `recipient: Ann`."""
    pending = [("", value)]
    while pending:
        name, one = pending.pop()
        if isinstance(one, dict | list):
            yield name
            inner = one.items() if isinstance(one, dict) else (("", each) for each in one)
            pending.extend(reversed(list(inner)))
        else:
            text = one if isinstance(one, str) else json.dumps(one)
            yield f"{name}: {text}" if name else text


def list_jobs(
    job_filter: JobFilter,
    *,
    limit: int | None = 50,
    cursor: str | None = None,
    newest_first: bool = True,
) -> JobPage:
    """Return up to `limit` jobs of the current owner. Raises InvalidInput for an invalid `cursor`.

    A page may have fewer jobs or none although `next_cursor` is set.
    """
    client, found, cursors = web_client(), list[JobRecord](), list[str]()
    position = _read_cursor(cursor)
    examined = 0
    for ids in _blocks(client, position, newest_first=newest_first):
        records = retry(lambda ids=ids: job_filter.find(client, [job_id for job_id, _ in ids]))  # type: ignore[misc]
        for (job_id, score), record in zip(ids, records, strict=True):
            examined += 1
            if record is not None:
                found.append(record)
                cursors.append(_write_cursor(score, job_id))
            if len(found) == limit or examined == MAX_SEARCHED:
                return JobPage(found, _write_cursor(score, job_id), cursors)
    return JobPage(found, None, cursors)


@dataclass(frozen=True)
class JobCounts:
    """Numbers of jobs by state; not `complete` if the owner has more jobs than were counted."""

    counts: dict[str, int]
    complete: bool


def count_jobs(*, most: int = 10_000) -> JobCounts:
    """Count the newest jobs of the current owner by state."""
    client, found, examined = web_client(), Counter[str](), 0
    for ids in _blocks(client, None, newest_first=True):
        states = retry(lambda ids=ids: _states(client, [job_id for job_id, _ in ids]))  # type: ignore[misc]
        found.update(state for state in states if state is not None)
        examined += len(ids)
        if examined >= most:
            return JobCounts(dict(found), complete=False)
    return JobCounts(dict(found), complete=True)


def _states(client: Redis, job_ids: Sequence[str]) -> list[str | None]:
    """Return the states of jobs, None for expired ones."""
    with client.pipeline(transaction=False) as pipeline:
        for job_id in job_ids:
            pipeline.hget(keys.job_key(job_id), "status")
        replies = replies_with_damage(pipeline.execute(raise_on_error=False))
    return [
        None
        if state is None
        else STATES.get(state.decode(errors="replace"), UNREADABLE)
        if isinstance(state, bytes)
        else UNREADABLE
        for state in replies
    ]


def _blocks(
    client: Redis, position: tuple[float, str] | None, *, newest_first: bool
) -> Iterator[list[tuple[str, float]]]:
    """Yield blocks of job ids with creation times, after `position`."""
    key, offset = keys.owner_key(current_owner()), 0
    # The upper bound is the current time, because new jobs would shift the blocks.
    score = position[0] if position else (time.time() if newest_first else -math.inf)
    while True:
        last = "-inf" if newest_first else time.time()
        fetch = client.zrevrangebyscore if newest_first else client.zrangebyscore
        read = partial(fetch, key, score, last, offset, BLOCK_SIZE, withscores=True)
        block = [(job_id.decode(), created) for job_id, created in cast("Scored", retry(read))]
        if not block:
            return
        offset += len(block)
        # Jobs of the same time are sorted by id; those up to the cursor were on an earlier page.
        after = operator.lt if newest_first else operator.gt
        yield [one for one in block if position is None or after((one[1], one[0]), position)]


def _write_cursor(score: float, job_id: str) -> str:
    return base64.urlsafe_b64encode(f"{score!r} {job_id}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str | None) -> tuple[float, str] | None:
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
        score, _, job_id = text.partition(" ")
        position = float(score)
    except (ValueError, binascii.Error):
        position, job_id = math.nan, ""
    if not math.isfinite(position) or not JOB_ID.fullmatch(job_id):
        raise InvalidInput(
            "invalid cursor; pass the next_cursor of a page of jobs",
            field="cursor",
            code="bad-cursor",
        )
    return position, job_id
