"""Lists of jobs: newest first or oldest first, filtered, a page at a time."""

from __future__ import annotations

import base64
import binascii
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.errors import InvalidInput
from libraries.job_manager.ownership import current_owner
from libraries.job_manager.records import JOB_ID, JobRecord, fetch_jobs

BLOCK = 200
# A filter that matches little may make the search long: after this many jobs the page ends, with a cursor to go on from.
MAX_SEARCHED = 2000


@dataclass(frozen=True)
class JobPage:
    """Some jobs, and the cursor of the next page, None at the end."""

    items: list[JobRecord]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Which jobs are wanted: `status` and `task` exactly, `text` anywhere in the id, the task, the error or the result."""

    status: str | None = None
    task: str | None = None
    text: str | None = None
    batch_id: str | None = None

    def matches(self, record: JobRecord) -> bool:
        """Tell whether a job is wanted."""
        told = f"{record.id} {record.task} {record.public_error or ''} {record.result if isinstance(record.result, str) else ''}"
        return (
            self.status in (None, record.status)
            and self.task in (None, record.task)
            and self.batch_id in (None, record.batch_id)
            and (self.text is None or self.text.lower() in told.lower())
        )


def list_jobs(
    wanted: JobFilter, *, limit: int = 50, cursor: str | None = None, newest_first: bool = True
) -> JobPage:
    """Return up to `limit` jobs of the owner that the running code acts for.

    A page may hold fewer jobs, even none, and still have a `next_cursor`: the search goes on there.

    Raises:
        InvalidInput: `cursor` is not one that an earlier page gave.
        QueueUnavailable: the broker cannot be reached.
    """
    client, found = web_client(), list[JobRecord]()
    place = _read_cursor(cursor)
    searched = 0
    for ids in _blocks(client, place, newest_first=newest_first):
        records = retry(lambda ids=ids: fetch_jobs(client, [job_id for job_id, _ in ids]))  # type: ignore[misc]
        for (job_id, score), record in zip(ids, records, strict=True):
            searched += 1
            if record is not None and wanted.matches(record):
                found.append(record)
            if len(found) == limit or searched == MAX_SEARCHED:
                return JobPage(found, _write_cursor(score, job_id))
    return JobPage(found, None)


def _blocks(
    client: Redis, place: tuple[float, str] | None, *, newest_first: bool
) -> Iterator[list[tuple[str, float]]]:
    """Yield blocks of ids with the times at which the jobs were made, from behind `place` on."""
    key, offset = keys.owner_key(current_owner()), 0
    # Jobs that are queued meanwhile would shift the blocks: the list ends now.
    score = place[0] if place else (time.time() if newest_first else -math.inf)
    while True:
        low, high = ("-inf", score) if newest_first else (score, time.time())

        def read(
            low: float | str = low, high: float | str = high, offset: int = offset
        ) -> list[tuple[bytes, float]]:
            fetch = client.zrevrangebyscore if newest_first else client.zrangebyscore
            first, last = (high, low) if newest_first else (low, high)
            return cast(
                "list[tuple[bytes, float]]", fetch(key, first, last, offset, BLOCK, withscores=True)
            )

        block = [(job_id.decode(), made) for job_id, made in retry(read)]
        if not block:
            return
        offset += len(block)
        # Jobs made in the same moment are ordered by id; those up to the cursor's were on an earlier page.
        yield [
            one
            for one in block
            if place is None or _is_behind(one, place, newest_first=newest_first)
        ]


def _is_behind(one: tuple[str, float], place: tuple[float, str], *, newest_first: bool) -> bool:
    here, there = (one[1], one[0]), place
    return here < there if newest_first else here > there


def _write_cursor(score: float, job_id: str) -> str:
    return base64.urlsafe_b64encode(f"{score!r} {job_id}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str | None) -> tuple[float, str] | None:
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
        score, _, job_id = text.partition(" ")
        place = float(score)
    except (ValueError, binascii.Error):
        place, job_id = math.nan, ""
    if not math.isfinite(place) or not JOB_ID.fullmatch(job_id):
        raise InvalidInput(
            "this cursor is not one that a page of jobs gave", field="cursor", code="bad-cursor"
        )
    return place, job_id
