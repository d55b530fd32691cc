"""Staged uploads: files in the broker between the request and the job that stores them.

Web processes and workers may run on different machines and share only the broker. A staged upload can
be opened by each attempt of its job. It is discarded when the job ends, or after a day.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.errors import QueueUnavailable
from libraries.broker.retry import retry
from libraries.broker.scripts import run_script
from libraries.errors import NotFound, Unavailable
from libraries.job_manager.backends import fetch_job
from libraries.job_manager.journal import ENDS, JournalEntry, Subscription
from libraries.job_manager.ownership import current_owner
from libraries.job_manager.states import FINAL_STATES
from libraries.job_manager.task_context import job_client
from libraries.settings import UploadSettings

BLOCK_BYTES = 250_000
LIFETIME_S = 86400
# A request that adds no block and submits no job for longer is considered dead.
REQUEST_TIMEOUT_S = 600


@dataclass(frozen=True)
class StagedUpload:
    """A file in the broker: its id for the job, its size in bytes, and its SHA-256 in hex."""

    id: str
    size: int
    sha256: str


def stage(blocks: Iterable[bytes]) -> StagedUpload:
    """Write a file to the broker, in blocks of 250 kB; nothing remains after an error.

    Raises Unavailable if the staged uploads exceed the setting `PARCELS_LIMIT`.
    """
    client, upload_id = web_client(), secrets.token_hex(16)
    size, digest = 0, sha256()
    try:
        for number, block in enumerate(_large_blocks(blocks)):
            _add(client, upload_id, number, block)
            size += len(block)
            digest.update(block)
        staged = StagedUpload(upload_id, size, digest.hexdigest())
        _seal(client, staged)
    except BaseException:
        # If this fails, the data expires after `REQUEST_TIMEOUT_S`.
        with suppress(QueueUnavailable):
            discard(upload_id)
        raise
    return staged


def _large_blocks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for block in blocks:
        held += block
        while len(held) >= BLOCK_BYTES:
            yield bytes(memoryview(held)[:BLOCK_BYTES])
            del held[:BLOCK_BYTES]
    # At least one block, also of an empty file.
    yield bytes(held)


def _add(client: Redis, upload_id: str, number: int, block: bytes) -> None:
    most = UploadSettings.current().parcels_limit
    script_keys = (keys.staged_key(upload_id), keys.STAGED_DUE_KEY, keys.STAGED_SIZES_KEY)

    def add() -> bool:
        arguments = (upload_id, number, block, time.time(), REQUEST_TIMEOUT_S, most)
        return bool(retry(lambda: run_script(client, "uploads/staged_add", script_keys, arguments)))

    # Uploads of jobs that have just ended may occupy the space.
    if not add() and not (retry(lambda: discard_expired(client)) and add()):
        raise Unavailable(
            "too many uploads wait to be stored; try again in a moment",
            code="uploads-full",
            retry_after=10,
        )


def _seal(client: Redis, staged: StagedUpload) -> None:
    blocks = max(1, -(-staged.size // BLOCK_BYTES))
    label = json.dumps({"owner": current_owner(), "size": staged.size, "blocks": blocks})
    script_keys = (keys.staged_key(staged.id), keys.STAGED_DUE_KEY)
    arguments = (staged.id, label, time.time(), LIFETIME_S)
    if not retry(lambda: run_script(client, "uploads/staged_seal", script_keys, arguments)):
        raise QueueUnavailable("the broker lost the uploaded file; send it again")


def bind_to_job(upload_id: str, job_id: str, file: str = "") -> None:
    """Assign a staged upload to a job, with which it is discarded; raise QueueUnavailable on failure.

    `jobs_writing` finds the job by `file`, the path that it will write.
    """
    client, key = web_client(), keys.staged_key(upload_id)
    script_keys, arguments = (key, keys.job_key(job_id)), (upload_id, job_id, LIFETIME_S)
    retry(lambda: run_script(client, "uploads/staged_bind", script_keys, arguments))
    if file:
        pending_key = keys.pending_upload_key(current_owner(), file)
        retry(lambda: client.set(pending_key, job_id, ex=LIFETIME_S))
    if retry(lambda: _is_done(client, upload_id, time.time() + LIFETIME_S)):
        discard(upload_id)


def jobs_writing(files: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of jobs that will store some of `files` (`uploads/...`) of the current owner."""
    owner, client = current_owner(), web_client()
    pending = [
        keys.pending_upload_key(owner, file.removeprefix("/"))
        for file in files
        if file.startswith(("uploads/", "/uploads/"))
    ]
    found = cast("list[bytes | None]", retry(lambda: client.mget(pending))) if pending else []
    jobs = [fetch_job(job_id) for job_id in dict.fromkeys(each.decode() for each in found if each)]
    return tuple(job.id for job in jobs if job is not None and not job.done)


def open_staged(upload_id: str) -> Iterator[bytes]:
    """Yield the blocks of a staged upload; raise NotFound if it expired, is incomplete, or has another owner."""
    client, key = job_client() or web_client(), keys.staged_key(upload_id)
    text = cast("bytes | None", retry(lambda: client.hget(key, "label")))
    label: dict[str, Any] = json.loads(text) if text else {}
    if label.get("owner") != current_owner():
        raise _expired()
    for number in range(label["blocks"]):
        block = cast("bytes | None", retry(lambda number=number: client.hget(key, str(number))))  # type: ignore[misc]
        if block is None:
            raise _expired()
        yield block


def _expired() -> NotFound:
    return NotFound("the uploaded file expired; send it again", code="upload-gone")


def discard(upload_id: str) -> None:
    """Discard a staged upload, if it exists; raise QueueUnavailable on failure."""
    client = web_client()
    retry(lambda: _drop(client, upload_id))


def _drop(client: Redis, upload_id: str) -> None:
    script_keys = (keys.staged_key(upload_id), keys.STAGED_DUE_KEY, keys.STAGED_SIZES_KEY)
    run_script(client, "uploads/staged_discard", script_keys, (upload_id,))


def release_staged(entries: Sequence[JournalEntry]) -> None:
    """Discard the staged uploads of ended jobs; may raise QueueUnavailable."""
    client = web_client()
    for entry in entries:
        upload_id = _upload_of(client, entry.job_id)
        if upload_id is not None:
            discard(upload_id)


def _upload_of(client: Redis, job_id: str) -> str | None:
    found = retry(lambda: client.hget(keys.job_key(job_id), "staged_upload"))
    return cast("bytes", found).decode() if found else None


SUBSCRIPTION = Subscription(
    name="uploads", handler=release_staged, events=ENDS, having="staged_upload"
)


def discard_expired(client: Redis) -> int:
    """Discard the staged uploads of jobs that have ended or were never submitted; return their number."""
    discarded = 0
    for raw_id, due in client.zscan_iter(keys.STAGED_DUE_KEY, count=100):
        upload_id = raw_id.decode()
        if _is_done(client, upload_id, due):
            _drop(client, upload_id)
            discarded += 1
    return discarded


def _is_done(client: Redis, upload_id: str, due: float) -> bool:
    """Return whether a staged upload will not be opened again; `due` is its expiry in Unix seconds."""
    label, job_id = cast(
        "list[bytes | None]", client.hmget(keys.staged_key(upload_id), ["label", "job"])
    )
    if job_id is None:
        filled_at = due - LIFETIME_S
        return label is not None and time.time() > filled_at + REQUEST_TIMEOUT_S
    status = cast("bytes | None", client.hget(keys.job_key(job_id.decode()), "status"))
    return status is None or status.decode() in FINAL_STATES
