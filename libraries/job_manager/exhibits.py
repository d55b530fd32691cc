"""Finished drawings on their way into the gallery, and removed ones on their way out.

The script that commits a job notes in the same step that it made a drawing, so an attempt that was superseded notes nothing, and
a crash loses nothing: a note stays until the index has it. Notes are dealt with one after the other, by whoever comes first: a
worker that has nothing else to do, or somebody who looks into the gallery.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, cast

from redis import Redis, exceptions
from rq.serializers import JSONSerializer

from libraries.errors import Unavailable
from libraries.gallery import SVG_TYPE, Arrival, gallery
from libraries.gallery.catalogue import Change
from libraries.gallery.shelf import enter, take_out
from libraries.job_manager import keys
from libraries.job_manager.catalogue import known_tasks, named_arguments
from libraries.job_manager.connections import BROKER_AWAY, patiently, web_client
from libraries.job_manager.jobs import VectorJob
from libraries.job_manager.ownership import ANONYMOUS
from libraries.settings import AccessSettings, get_settings

AT_ONCE = 50
PAGE = 500
log = logging.getLogger(__name__)


class _Trouble:
    """Whether the last attempt of this process failed: what goes on failing is logged once."""

    logged = False


def note_removed(client: Redis, job_id: str, made: dict[str, Any]) -> None:
    """Note that the files of a job are about to be removed; `made` is the note of them."""
    drawings = [
        [one["name"], one["sha256"]] for one in made["files"] if one.get("media_type") == SVG_TYPE
    ]
    if drawings:
        client.rpush(
            keys.EXHIBITS_KEY,
            json.dumps({"gone": job_id, "owner": made["owner"], "files": drawings}),
        )


def show_due(client: Redis, *, most: int = AT_ONCE) -> bool:
    """Bring the index up to date by up to `most` notes; return whether there are more. Safe to do twice and by several at once.

    Raises:
        Unavailable: the index cannot be written.
        StorageAway: the store of files does not answer.
        redis errors: the broker is away.
    """
    if not client.llen(keys.EXHIBITS_KEY):
        return False
    # The notes are read by the one who may write: what is entered and what is taken out stay in their order.
    with gallery().changing() as change:
        noted = cast("list[bytes]", client.lrange(keys.EXHIBITS_KEY, 0, most - 1))
        for entry in noted:
            _show(client, change, json.loads(entry))
    with client.pipeline() as pipeline:
        for entry in noted:
            pipeline.lrem(keys.EXHIBITS_KEY, 1, entry.decode())
        pipeline.execute()
    return len(noted) == most


def show_due_quietly(client: Redis) -> bool:
    """Do as `show_due`, but log what goes wrong: no job may suffer from the gallery."""
    try:
        more = show_due(client)
    except (*BROKER_AWAY, exceptions.OutOfMemoryError):
        return False
    except Exception as error:
        if not _Trouble.logged:
            detail = str(error) if isinstance(error, Unavailable) else type(error).__name__
            log.warning(
                "Drawings wait to enter the gallery: %s",
                detail,
                exc_info=not isinstance(error, Unavailable),
            )
        _Trouble.logged = True
        return False
    _Trouble.logged = False
    return more


def show_due_now(*, seconds: float = 1.0) -> None:
    """Bring the index up to date before it is looked at, as far as that takes no longer than some seconds.

    Raises:
        Unavailable, StorageAway: as `show_due`.
        QueueUnavailable: the broker cannot be reached.
    """
    client, until = web_client(get_settings()), time.monotonic() + seconds
    while patiently(lambda: show_due(client)) and time.monotonic() < until:
        pass


def known_owners() -> list[str]:
    """Return all who may have drawings: those with a key, those in the index, and everybody without a name."""
    return sorted(
        {ANONYMOUS, *(key.name for key in AccessSettings.current().api_keys), *gallery().owners()}
    )


def told_by_jobs() -> dict[tuple[str, str], Arrival]:
    """Return what the jobs that are still known tell of their drawings, by owner and name of the file.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    client = web_client(get_settings())
    return {(one.owner, one.name): one for one in patiently(lambda: list(_all_arrivals(client)))}


def _all_arrivals(client: Redis) -> Iterator[Arrival]:
    for job_id, note in client.hscan_iter(keys.ARTIFACTS_KEY, count=PAGE):
        yield from _arrivals(client, job_id.decode(), note)


def _show(client: Redis, change: Change, told: dict[str, Any]) -> None:
    if "gone" in told:
        take_out(change, told["owner"], [(name, sha256) for name, sha256 in told["files"]])
        return
    note = client.hget(keys.ARTIFACTS_KEY, told["made"])
    for arrival in _arrivals(client, told["made"], cast("bytes | None", note)):
        enter(change, arrival)


def _arrivals(client: Redis, job_id: str, note: bytes | None) -> Iterable[Arrival]:
    """Return the drawings of a job, none if its record is gone."""
    record = cast("dict[bytes, bytes]", client.hgetall(keys.job_key(job_id))) if note else {}
    if not note or record.get(b"status") != b"finished":
        return []
    made = json.loads(note)
    task, arguments = _call(client, job_id, record)
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


def _call(client: Redis, job_id: str, record: dict[bytes, bytes]) -> tuple[str, dict[str, Any]]:
    """Return the task of a job and its arguments by name; others may have written the record."""
    job = VectorJob(job_id, connection=client, serializer=JSONSerializer)
    task = record.get(b"description", b"").decode(errors="replace")
    try:
        job.restore(record)
        return task, named_arguments(task, job.args, job.kwargs) if task in known_tasks() else dict(
            job.kwargs
        )
    except Exception:
        log.warning("The arguments of job %s cannot be read", job_id)
        return task, {}
