"""Lists and numbers of jobs: filtered, in the order of submission, and paginated."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any, ClassVar

from libraries.broker import Redis
from libraries.broker.connections import web_client
from libraries.broker.scripts import run_script
from libraries.errors import InvalidInput
from libraries.job_index import CHUNK, Condition, OwnerIndex, Place, undamaged
from libraries.job_index.entries import (
    entries_of,
    entry_of,
    outcome_entries,
    record_matches,
    terms_of,
)
from libraries.job_manager.ownership import current_owner
from libraries.job_manager.record_fields import FIELDS
from libraries.job_manager.records import JobRecord, KnownRecords, read_records, with_arguments
from libraries.job_manager.states import UNREADABLE


@dataclass(frozen=True)
class JobPage:
    """A page of jobs; `next_cursor` is None on the last page.

    Not `complete` while the index of jobs is rebuilt: older jobs may be missing.
    """

    items: list[JobRecord]
    next_cursor: str | None
    complete: bool = True
    places: Sequence[Place] = ()
    seal: str = ""

    def cursor_after(self, number: int) -> str:
        """Return the cursor that continues after that many jobs of the page, at least one."""
        return Cursor(self.places[number - 1]).write(self.seal)


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Filter of jobs; None matches all.

    `states` are several states. `text` has beginnings of words, all of which a job must have in
    its id, task, tags, shown arguments, error or result.
    """

    status: str | None = None
    task: str | None = None
    text: str | None = None
    tag: str | None = None
    batch_id: str | None = None
    states: Collection[str] | None = None

    # Records whose words are compared for a page, if the index does not have them all.
    MAX_CHECKED: ClassVar = 2000

    @property
    def condition(self) -> Condition:
        states = None if self.states is None else frozenset(self.states)
        if self.status is not None:
            states = frozenset({self.status}) & (states or frozenset({self.status}))
        named = (("t", self.task), ("b", self.batch_id), ("g", self.tag))
        entries = [entry_of(kind, value) for kind, value in named if value is not None]
        terms = terms_of(self.text or "")
        # Nothing matches a text without words.
        return Condition(frozenset() if self.text and not terms else states, entries, terms)


@dataclass(frozen=True)
class Cursor:
    """A position in one list: its owner, its filter and its order are in the seal."""

    place: Place

    TEXT = re.compile(r"([0-9]{1,16}) ([0-9a-f]{12})", re.ASCII)

    @staticmethod
    def seal(job_filter: JobFilter, *, newest_first: bool) -> str:
        one = job_filter
        named = (
            current_owner(),
            newest_first,
            one.status,
            one.task,
            one.text,
            one.tag,
            one.batch_id,
        )
        return sha256(repr(named).encode()).hexdigest()[:12]

    def write(self, seal: str) -> str:
        text = f"{self.place.number} {seal}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, seal: str) -> Place:
        """Raises InvalidInput."""
        try:
            packed = text.encode() + b"=" * (-len(text) % 4)
            found = cls.TEXT.fullmatch(base64.urlsafe_b64decode(packed).decode())
        except (ValueError, binascii.Error):
            found = None
        if found is None or found[2] != seal:
            raise InvalidInput(
                "invalid cursor; pass the next_cursor of a page of the same list of jobs, with the "
                "same filter and order",
                field="cursor",
                code="bad-cursor",
            )
        return Place(*divmod(int(found[1]), CHUNK))


def list_jobs(
    job_filter: JobFilter,
    *,
    limit: int = 50,
    cursor: str | None = None,
    newest_first: bool = True,
) -> JobPage:
    """Return up to `limit` jobs of the current owner. Raises InvalidInput for an invalid `cursor`.

    Only the last page is shorter, or one of a text with which very many different words begin.
    """
    client, condition = web_client(), job_filter.condition
    seal = Cursor.seal(job_filter, newest_first=newest_first)
    after = None if cursor is None else Cursor.read(cursor, seal)
    index = OwnerIndex.open(client, current_owner())
    matching = index.find(condition, after=after, newest_first=newest_first)
    found: list[tuple[Place, JobRecord]] = []
    # One more, to know whether there is another page.
    checked, onward = 0, None
    while len(found) <= limit and (block := list(islice(matching, limit + 1 - len(found)))):
        found += _read_block(index, condition, block)
        checked += sum(not is_exact for _, is_exact in block)
        if checked > job_filter.MAX_CHECKED:
            onward = Cursor(block[-1][0]).write(seal)
            break
    places = [place for place, _ in found[:limit]]
    if len(found) > limit:
        onward = Cursor(places[-1]).write(seal)
    records = [record for _, record in found[:limit]]
    return JobPage(records, onward, index.complete, places, seal)


def _read_block(
    index: OwnerIndex, condition: Condition, block: Sequence[tuple[Place, bool]]
) -> list[tuple[Place, JobRecord]]:
    """Return the records of jobs that still meet a condition; correct the index for the others."""
    records = undamaged(
        index.client,
        lambda: _read_records(index.client, index.owner, [place for place, _ in block]),
    )
    found, stale = list[tuple[Place, JobRecord]](), dict[Place, str]()
    for (place, is_exact), record in zip(block, records, strict=True):
        if record is None or (
            condition.states is not None and record.status not in condition.states
        ):
            # The reader may have been overtaken by a change, which the check recognizes.
            stale[place] = "r"
        elif is_exact or _has_terms(record, condition.terms):
            found.append((place, record))
        if record is not None and record.status == UNREADABLE:
            stale[place] = "u"
    if stale:
        undamaged(index.client, lambda: index.check(stale))
    return found


def _read_records(client: Redis, owner: str, places: Sequence[Place]) -> list[JobRecord | None]:
    arguments = [owner, len(FIELDS), *FIELDS, *(part for place in places for part in place)]
    reply: list[Any] = run_script(client, "job_manager/read_page", (), arguments)
    records = [
        KnownRecords.record_of(job_id.decode(errors="replace"), values, results)
        for job_id, values, results in reply
    ]
    return with_arguments(client, records)


def index_entries(client: Redis, job_ids: Sequence[str]) -> list[tuple[str, str] | None]:
    """Return the entries of jobs in the index and those of their outcomes, None without a record."""
    records = with_arguments(client, read_records(client, job_ids))
    return [None if record is None else _entries_of(record) for record in records]


def _entries_of(record: JobRecord) -> tuple[str, str]:
    entries = entries_of(
        job_id=record.id,
        task=record.task,
        batch_id=record.batch_id,
        tags=record.tags,
        arguments=record.arguments,
    )
    return entries, outcome_entries(_outcome_of(record))


def _outcome_of(record: JobRecord) -> object:
    return record.result if record.status == "finished" else record.detail


def _has_terms(record: JobRecord, terms: Sequence[str]) -> bool:
    return record_matches(
        terms,
        job_id=record.id,
        task=record.task,
        tags=record.tags,
        arguments=record.arguments,
        outcome=_outcome_of(record),
    )


@dataclass(frozen=True)
class JobCounts:
    """Numbers of jobs by state; not `complete` while the index is rebuilt, or if a text is too short.

    A text is too short if very many different words begin with it.
    """

    counts: dict[str, int]
    complete: bool

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def count_jobs(job_filter: JobFilter | None = None) -> JobCounts:
    """Count the jobs of the current owner that match a filter, by state."""
    index = OwnerIndex.open(web_client(), current_owner())
    return JobCounts(*index.count_states((job_filter or JobFilter()).condition))
