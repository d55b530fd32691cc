"""Drawings on their way into the gallery when their jobs have finished, and out of it when those are deleted.

The index is changed in transactions of which one at a time is open, and the record of a job is read inside of one: a drawing whose
job is deleted meanwhile is taken out by a later transaction.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, cast

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.gallery import SVG_TYPE, Arrival, gallery
from libraries.gallery.catalogue import Change
from libraries.gallery.shelf import enter, take_out
from libraries.job_manager.errors import UnknownTask
from libraries.job_manager.jobs import read_call
from libraries.job_manager.journal import JournalEntry, Subscription, catch_up
from libraries.job_manager.ownership import ANONYMOUS
from libraries.job_manager.submission import JobOptions, submit
from libraries.settings import AccessSettings

AT_ONCE = 50
REINDEX = "workers.gallery_tasks.reindex"
log = logging.getLogger(__name__)


def update_index(entries: Sequence[JournalEntry]) -> None:
    """Enter the drawings of finished jobs into the index, and take those of deleted jobs out. Safe to do twice.

    Raises:
        Unavailable: the index cannot be written.
        StorageUnavailable: the store of files does not answer.
        QueueUnavailable: the broker cannot be reached.
    """
    client = web_client()
    with gallery().changing() as change:
        for entry in entries:
            if entry.event == "deleted":
                _take_out(change, entry.data or {})
            else:
                _enter(client, change, entry.job_id)


def queue_rebuild() -> None:
    """Queue a job that builds the index from the stored files: some drawings came or went unseen."""
    with suppress(UnknownTask):
        submit(REINDEX, options=JobOptions(internal=True))


SUBSCRIPTION = Subscription(
    name="gallery",
    handler=update_index,
    events=frozenset({"finished", "deleted"}),
    having="meta",
    between_jobs=True,
    backlog=True,
    resync=queue_rebuild,
)


def process_pending(*, seconds: float = 1.0) -> None:
    """Bring the index up to date before it is looked at, as far as that takes no longer than some seconds.

    Raises:
        Unavailable, StorageUnavailable: as `update_index`.
        QueueUnavailable: the broker cannot be reached.
    """
    client = web_client()
    retry(lambda: process_earlier_notes(client))
    catch_up(SUBSCRIPTION, seconds=seconds)


def process_earlier_notes(client: Redis) -> None:
    """Bring the index up to date by what the version before this journal noted; safe to do twice and by several at once.

    Raises:
        Unavailable, StorageUnavailable: as `update_index`.
        redis errors: the broker is away.
    """
    while client.llen(keys.EXHIBITS_KEY):
        # The notes are read by the one who may write: what is entered and what is taken out stay in their order.
        with gallery().changing() as change:
            noted = cast("list[bytes]", client.lrange(keys.EXHIBITS_KEY, 0, AT_ONCE - 1))
            for told in map(json.loads, noted):
                if "gone" in told:
                    take_out(
                        change, told["owner"], [(name, sha256) for name, sha256 in told["files"]]
                    )
                else:
                    _enter(client, change, told["made"])
        with client.pipeline() as pipeline:
            for note in noted:
                pipeline.lrem(keys.EXHIBITS_KEY, 1, note.decode())
            pipeline.execute()


def known_owners() -> list[str]:
    """Return all who may have drawings: those with a key, those in the index, and everybody without a name."""
    return sorted(
        {ANONYMOUS, *(key.name for key in AccessSettings.current().api_keys), *gallery().owners()}
    )


def drawings_of_jobs() -> dict[tuple[str, str], Arrival]:
    """Return what the jobs that are still known tell of their drawings, by owner and name of the file.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    client = web_client()
    return {(one.owner, one.name): one for one in retry(lambda: list(_all_arrivals(client)))}


def _all_arrivals(client: Redis) -> Iterator[Arrival]:
    for job_id, note in client.hscan_iter(keys.ARTIFACTS_KEY, count=500):
        yield from _arrivals(client, job_id.decode(), note)


def _enter(client: Redis, change: Change, job_id: str) -> None:
    note = cast("bytes | None", retry(lambda: client.hget(keys.ARTIFACTS_KEY, job_id)))
    for arrival in retry(lambda: _arrivals(client, job_id, note)):
        enter(change, arrival)


def _take_out(change: Change, made: dict[str, Any]) -> None:
    files = [
        (one["name"], one["sha256"])
        for one in made.get("files", ())
        if one.get("media_type") == SVG_TYPE
    ]
    if files:
        take_out(change, made["owner"], files)


def _arrivals(client: Redis, job_id: str, note: bytes | None) -> Iterable[Arrival]:
    """Return the drawings of a job, none if its record is gone."""
    record = cast("dict[bytes, bytes]", client.hgetall(keys.job_key(job_id))) if note else {}
    if not note or record.get(b"status") != b"finished":
        return []
    made = json.loads(note)
    task, arguments = read_call(client, job_id, record)
    ended = record.get(b"ended_at", b"").decode()
    return [
        Arrival(
            owner=made["owner"],
            name=one["name"],
            sha256=one["sha256"],
            size=one["size"],
            made_at=datetime.fromisoformat(ended).timestamp() if ended else 0.0,
            job_id=job_id,
            task=task,
            arguments=arguments,
        )
        for one in made["files"]
        if one.get("media_type") == SVG_TYPE
    ]
