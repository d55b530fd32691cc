"""Updates of the index: drawings of finished jobs are added, those of deleted jobs removed.

Transactions that change the index exclude each other, and the record of a job is read inside one, so
a job that is deleted meanwhile is removed by a later transaction.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, cast

from libraries.broker import Redis, exceptions, keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.errors import Unavailable
from libraries.gallery import SVG_TYPE, NewDrawing, gallery
from libraries.gallery.rebuild import has_files
from libraries.gallery.service import add, remove
from libraries.job_manager.errors import UnknownTask
from libraries.job_manager.jobs import read_call
from libraries.job_manager.journal import JournalEntry, Subscription, catch_up
from libraries.job_manager.ownership import ANONYMOUS
from libraries.job_manager.record_fields import is_wrong_type
from libraries.job_manager.submission import JobOptions, submit
from libraries.json_types import JsonObject
from libraries.settings import AccessSettings

if TYPE_CHECKING:
    from libraries.gallery.writer import IndexWriter

BATCH_SIZE = 50
REINDEX = "workers.gallery_tasks.reindex"
log = logging.getLogger(__name__)


def update_index(entries: Sequence[JournalEntry]) -> None:
    """Add the drawings of finished jobs to the index, and remove those of deleted jobs. Idempotent."""
    client = web_client()
    with gallery().changing() as writer:
        for entry in entries:
            if entry.event == "deleted":
                _remove(writer, entry.data or {})
            else:
                _add(client, writer, entry.job_id)


def queue_rebuild() -> None:
    """Submit a job that rebuilds the index after entries of the journal were lost."""
    with suppress(UnknownTask):
        submit(REINDEX, options=JobOptions(internal=True))


def rebuild_if_new() -> None:
    """Queue a rebuild of an index that is new: after an upgrade, or because the old one was lost.

    Raises Unavailable if the index, the storage or the broker is unavailable.
    """
    if not gallery().claim_rebuild():
        return
    try:
        empty = not has_files(known_owners())
        if not empty:
            queue_rebuild()
    except Unavailable:
        gallery().end_claim(complete=False)
        raise
    if empty:
        gallery().end_claim(complete=True)


SUBSCRIPTION = Subscription(
    name="gallery",
    handler=update_index,
    events=frozenset({"finished", "deleted"}),
    having="meta",
    between_jobs=True,
    resync=queue_rebuild,
)


def process_pending(*, seconds: float = 1.0) -> None:
    """Update the index before a search, within about `seconds`; raise Unavailable on failure."""
    client = web_client()
    rebuild_if_new()
    retry(lambda: process_earlier_notes(client))
    catch_up(SUBSCRIPTION, seconds=seconds)


def process_earlier_notes(client: Redis) -> None:
    """Process the notes of the version before the journal. Idempotent and safe to run concurrently."""
    while client.llen(keys.EXHIBITS_KEY):
        # Read inside the transaction, so that additions and removals stay in order.
        with gallery().changing() as writer:
            notes = cast("list[bytes]", client.lrange(keys.EXHIBITS_KEY, 0, BATCH_SIZE - 1))
            for note in map(json.loads, notes):
                if "gone" in note:
                    remove(
                        writer, note["owner"], [(name, sha256) for name, sha256 in note["files"]]
                    )
                else:
                    _add(client, writer, note["made"])
        with client.pipeline() as pipeline:
            for raw in notes:
                pipeline.lrem(keys.EXHIBITS_KEY, 1, raw.decode())
            pipeline.execute()


def known_owners() -> list[str]:
    """Return the owners with an API key or with drawings in the index, and the anonymous one."""
    return sorted(
        {ANONYMOUS, *(key.name for key in AccessSettings.current().api_keys), *gallery().owners()}
    )


def drawings_of_jobs() -> dict[tuple[str, str], NewDrawing]:
    """Return the drawings of all known jobs, by owner and file name; raise QueueUnavailable on failure."""
    client = web_client()
    return {(one.owner, one.name): one for one in retry(lambda: list(_all_arrivals(client)))}


def _all_arrivals(client: Redis) -> Iterator[NewDrawing]:
    for job_id, note in client.hscan_iter(keys.ARTIFACTS_KEY, count=500):
        yield from _arrivals(client, job_id.decode(), note)


def _add(client: Redis, writer: IndexWriter, job_id: str) -> None:
    note = cast("bytes | None", retry(lambda: client.hget(keys.ARTIFACTS_KEY, job_id)))
    for arrival in retry(lambda: _arrivals(client, job_id, note)):
        add(writer, arrival)


def _remove(writer: IndexWriter, made: JsonObject) -> None:
    files = [
        (one["name"], one["sha256"])
        for one in made.get("files", ())
        if one.get("media_type") == SVG_TYPE
    ]
    if files:
        remove(writer, made["owner"], files)


def _arrivals(client: Redis, job_id: str, note: bytes | None) -> Iterable[NewDrawing]:
    """Return the drawings of a finished job; none if its record does not exist or is damaged."""
    try:
        return _drawings(client, job_id, note)
    except (ValueError, TypeError, LookupError, AttributeError, exceptions.ResponseError) as error:
        if isinstance(error, exceptions.ResponseError) and not is_wrong_type(error):
            raise
        log.warning("Job %s is not in the gallery: its record is damaged", job_id)
        return []


def _drawings(client: Redis, job_id: str, note: bytes | None) -> list[NewDrawing]:
    record = cast("dict[bytes, bytes]", client.hgetall(keys.job_key(job_id))) if note else {}
    if not note or record.get(b"status") != b"finished":
        return []
    made = json.loads(note)
    task, arguments = read_call(client, job_id, record)
    ended = record.get(b"ended_at", b"").decode()
    return [
        NewDrawing(
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
