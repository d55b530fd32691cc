"""The bytes of the files that the jobs and uploads of each owner keep, counted from the journal."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.broker.scripts import run_script
from libraries.job_manager.backends import fetch_job
from libraries.job_manager.journal import JournalEntry, Subscription
from libraries.settings import LimitSettings, UploadSettings


class Stored(NamedTuple):
    """The size in bytes of the files of a job; `due` is when they are deleted without the job, in Unix seconds."""

    owner: str
    job_id: str
    size: int
    due: float | str = ""


def count_files(entries: Sequence[JournalEntry]) -> None:
    """Count the files of ended and deleted jobs. Idempotent; raises QueueUnavailable."""
    client = web_client()
    ended = [entry for entry in entries if entry.event != "deleted"]
    found = [
        Stored(str((one.data or {}).get("owner", one.owner)), one.job_id, 0)
        for one in entries
        if one.event == "deleted"
    ]
    if ended:
        ids = [entry.job_id for entry in ended]
        notes = cast("list[bytes | None]", retry(lambda: client.hmget(keys.ARTIFACTS_KEY, ids)))
        found += [
            Stored(entry.owner, entry.job_id, size_of(note))
            for entry, note in zip(ended, notes, strict=True)
        ]
    _set(client, found)


def count_uploads(entries: Sequence[JournalEntry]) -> None:
    """Count stored uploads until they are deleted. Idempotent; raises QueueUnavailable."""
    found = []
    for entry in entries:
        # Other tasks store uploads as files of their jobs.
        is_upload = entry.task == "workers.upload_tasks.store_upload"
        record = fetch_job(entry.job_id) if is_upload else None
        if record is not None and isinstance(record.result, dict):
            due = entry.at + UploadSettings.current().upload_ttl
            size = record.result.get("size")
            # The files of a deleted job are counted under its id.
            name = f"upload:{entry.job_id}"
            found.append(Stored(entry.owner, name, size if isinstance(size, int) else 0, due))
    _set(web_client(), found)


def size_of(note: bytes | str | None) -> int:
    """Return the bytes of the files that the note of a job names; 0 without a note, or for a damaged one."""
    try:
        files: list[dict[str, Any]] = json.loads(note or "{}").get("files", [])
        return sum(int(one["size"]) for one in files)
    except (ValueError, TypeError, LookupError, AttributeError):
        return 0


def recount() -> None:
    """Count the files of all jobs again, after journal entries were lost. Raises QueueUnavailable."""
    client = web_client()
    for raw_id, note in client.hscan_iter(keys.ARTIFACTS_KEY, count=500):
        try:
            owner = str(json.loads(note)["owner"])
        except (ValueError, TypeError, LookupError):
            continue
        _set(client, [Stored(owner, raw_id.decode(errors="replace"), size_of(note))])
    for raw_owner in cast("list[bytes]", retry(lambda: client.hkeys(keys.stored_key()))):
        _drop_deleted(client, raw_owner.decode(errors="replace"))


def _drop_deleted(client: Redis, owner: str) -> None:
    for raw_id, _ in client.hscan_iter(keys.stored_key(owner), count=500):
        job_id = raw_id.decode(errors="replace")
        is_kept = job_id.startswith("upload:") or client.hexists(keys.ARTIFACTS_KEY, job_id)
        if not is_kept:
            _set(client, [Stored(owner, job_id, 0)])


def is_limited() -> bool:
    return LimitSettings.current().limit("owner_storage") is not None


def _set(client: Redis, found: Iterable[Stored]) -> None:
    arguments = [time.time(), *(part for one in found if one.owner for part in one)]
    retry(lambda: run_script(client, "accounts/set_stored", (), arguments))


SUBSCRIPTION = Subscription(
    name="usage",
    handler=count_files,
    events=frozenset({"finished", "failed", "stopped", "deleted"}),
    having="meta",
    is_wanted=is_limited,
    resync=recount,
)
UPLOADS = Subscription(
    name="upload_usage",
    handler=count_uploads,
    events=frozenset({"finished"}),
    having="staged_upload",
    is_wanted=is_limited,
)
