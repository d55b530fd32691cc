"""Lists of jobs: filtered, sorted by time, and paginated."""

from __future__ import annotations

import base64
import binascii
import math
import operator
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import cast

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.errors import InvalidInput
from libraries.job_manager.ownership import current_owner
from libraries.job_manager.records import JOB_ID, JobRecord, fetch_jobs

Scored = list[tuple[bytes, float]]
BLOCK_SIZE = 200
# A page ends after this many examined jobs, even if few of them match.
MAX_SEARCHED = 2000


@dataclass(frozen=True)
class JobPage:
    """A page of jobs; `next_cursor` is None on the last page."""

    items: list[JobRecord]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Filter of jobs; `text` is searched in the id, the task, the error and the result."""

    status: str | None = None
    task: str | None = None
    text: str | None = None
    batch_id: str | None = None

    def matches(self, record: JobRecord) -> bool:
        result = record.result if isinstance(record.result, str) else ""
        text = f"{record.id} {record.task} {record.public_error or ''} {result}"
        return (
            self.status in (None, record.status)
            and self.task in (None, record.task)
            and self.batch_id in (None, record.batch_id)
            and (self.text is None or self.text.lower() in text.lower())
        )


def list_jobs(
    job_filter: JobFilter, *, limit: int = 50, cursor: str | None = None, newest_first: bool = True
) -> JobPage:
    """Return up to `limit` jobs of the current owner. Raises InvalidInput for an invalid `cursor`.

    A page may have fewer jobs or none although `next_cursor` is set.
    """
    client, found = web_client(), list[JobRecord]()
    position = _read_cursor(cursor)
    examined = 0
    for ids in _blocks(client, position, newest_first=newest_first):
        records = retry(lambda ids=ids: fetch_jobs(client, [job_id for job_id, _ in ids]))  # type: ignore[misc]
        for (job_id, score), record in zip(ids, records, strict=True):
            examined += 1
            if record is not None and job_filter.matches(record):
                found.append(record)
            if len(found) == limit or examined == MAX_SEARCHED:
                return JobPage(found, _write_cursor(score, job_id))
    return JobPage(found, None)


def _blocks(
    client: Redis, position: tuple[float, str] | None, *, newest_first: bool
) -> Iterator[list[tuple[str, float]]]:
    """Yield blocks of job ids with creation times, after the position `place`."""
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
