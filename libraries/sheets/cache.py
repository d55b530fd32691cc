"""What was drawn already: an equal request gets the stored file again, under its own name.

Remembered is only which job drew a recipe; name, bytes and statistics of the file are read from that job's record. Whatever of
this is stale, the file is opened by its SHA-256 or not at all, so it costs a redraw and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.errors import QueueUnavailable
from libraries.broker.retry import BROKER_ERRORS, retry
from libraries.errors import InvalidInput, NotFound
from libraries.job_manager.journal import JournalEntry, Subscription, catch_up
from libraries.job_manager.ownership import current_owner
from libraries.job_manager.task_context import StoredArtifact, attach, job_client, set_meta
from libraries.settings import JobSettings
from libraries.storage import output_folder

# In the meta of a job: the key of its drawing, and the SHA-256 of the file.
DRAWN = "drawn"
# Drawing it again may take no longer than this.
CATCH_UP_S = 0.2


def attach_and_cache(drawing_key: str, artifact: StoredArtifact, **more: object) -> str:
    """Attach a drawing to the running job as `attach` does, and remember it for equal requests of the same owner.

    Args:
        drawing_key: what equal requests have in common, in hex.
        artifact: the stored drawing.
        more: what is kept beside it, and comes with it when it is used again.
    """
    set_meta(DRAWN, [drawing_key, artifact.as_record()["sha256"]])
    return attach(artifact, **more)


def remember_drawings(entries: Sequence[JournalEntry]) -> None:
    """Remember the drawings of jobs that have finished.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    for entry in entries:
        retry(lambda job_id=entry.job_id, owner=entry.owner: _remember(job_id, owner))  # type: ignore[misc]


def _remember(job_id: str, owner: str) -> None:
    client = web_client()
    meta = cast("bytes | None", client.hget(keys.job_key(job_id), "meta"))
    drawn = json.loads(meta).get(DRAWN) if meta else None
    if drawn:
        lifetime = JobSettings.current().result_ttl
        client.set(
            keys.drawing_cache_key(owner, drawn[0]), json.dumps([job_id, drawn[1]]), ex=lifetime
        )


SUBSCRIPTION = Subscription(
    name="drawing_cache",
    handler=remember_drawings,
    events=frozenset({"finished"}),
    having="meta",
    backlog=True,
)


def attach_cached(drawing_key: str, name: str) -> str | None:
    """Store a drawing that the owner had drawn before as `name`, attach it to the running job, and return its path.

    Returns:
        None outside a job, and where nothing is remembered or what was is gone: then it has to be drawn.

    Raises:
        Unavailable, StorageUnavailable: as `Store.publish`.
    """
    client = job_client()
    known = lookup(client, drawing_key) if client is not None else None
    if known is None:
        return None
    try:
        artifact = output_folder().copy(known.pop("name"), name, sha256=known["sha256"])
    except (NotFound, InvalidInput):
        return None
    more = {word: value for word, value in known.items() if word not in artifact.as_record()}
    return attach_and_cache(drawing_key, artifact, **more)


def lookup(client: Redis, drawing_key: str) -> dict[str, Any] | None:
    """Return the record of the artifact that the current owner has of a drawing, None if none is known."""
    try:
        catch_up(SUBSCRIPTION, seconds=CATCH_UP_S)
        told = cast(
            "bytes | None", client.get(keys.drawing_cache_key(current_owner(), drawing_key))
        )
        job_id, sha256 = json.loads(told) if told else ("", "")
        meta = cast("bytes | None", client.hget(keys.job_key(job_id), "meta")) if job_id else None
        made = json.loads(meta).get("artifacts", []) if meta else []
    except (QueueUnavailable, *BROKER_ERRORS, ValueError, TypeError):
        # Whatever it is that cannot be read: it is drawn anew, and remembered anew.
        return None
    return next((one for one in made if one["sha256"] == sha256), None)
