"""Cache of drawings: an equal request gets a copy of the stored file under its own name.

A cache entry only names the job that drew a recipe; the job's record has file name, size and
statistics. Files are opened by their SHA-256, so a stale entry only causes the drawing to be
computed again.
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
from libraries.pickled_json import PickledJson
from libraries.settings import JobSettings
from libraries.storage import output_folder

# Member of the job meta: cache key of the drawing and SHA-256 of the file.
DRAWN = "drawn"
# Limit for processing pending journal entries before a lookup.
CATCH_UP_S = 0.2


def attach_and_cache(drawing_key: str, artifact: StoredArtifact, **more: object) -> str:
    """Attach a drawing to the running job, and cache it for equal requests of the same owner.

    `more` is stored with the artifact and returned with it for later requests.
    """
    set_meta(DRAWN, [drawing_key, artifact.as_record()["sha256"]])
    return attach(artifact, **more)


def remember_drawings(entries: Sequence[JournalEntry]) -> None:
    """Cache the drawings of finished jobs; raises QueueUnavailable."""
    for entry in entries:
        retry(lambda job_id=entry.job_id, owner=entry.owner: _remember(job_id, owner))  # type: ignore[misc]


def _remember(job_id: str, owner: str) -> None:
    client = web_client()
    meta = cast("bytes | None", client.hget(keys.job_key(job_id), "meta"))
    drawn = PickledJson.loads(meta).get(DRAWN) if meta else None
    if drawn:
        lifetime = JobSettings.current().result_ttl
        key = keys.drawing_cache_key(owner, drawn[0])
        client.set(key, json.dumps([job_id, drawn[1]]), ex=lifetime)


SUBSCRIPTION = Subscription(
    name="drawing_cache",
    handler=remember_drawings,
    events=frozenset({"finished"}),
    having="meta",
)


def attach_cached(drawing_key: str, name: str) -> str | None:
    """Copy a cached drawing to `name`, attach it to the running job, and return its path.

    Returns None outside of a job and without a usable cache entry. Raises as `Store.publish`.
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
    """Return the artifact record of a cached drawing of the current owner, or None."""
    try:
        catch_up(SUBSCRIPTION, seconds=CATCH_UP_S)
        key = keys.drawing_cache_key(current_owner(), drawing_key)
        entry = cast("bytes | None", client.get(key))
        job_id, sha256 = json.loads(entry) if entry else ("", "")
        meta = cast("bytes | None", client.hget(keys.job_key(job_id), "meta")) if job_id else None
        artifacts = PickledJson.loads(meta).get("artifacts", []) if meta else []
    except (QueueUnavailable, *BROKER_ERRORS, ValueError, TypeError):
        # Unreadable entries are ignored; drawing again replaces them.
        return None
    return next((one for one in artifacts if one["sha256"] == sha256), None)
