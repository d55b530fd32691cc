"""Staged uploads: files on their way from a request to the job that will store them, kept in the broker meanwhile.

The process that takes a request and the worker that does the job may run on different machines and share nothing but the broker.
A staged upload can be opened as often as its job is tried. It is thrown away when that job has ended, and after a day at the latest.
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
from libraries.job_manager.journal import ENDS, JournalEntry, Subscription
from libraries.job_manager.ownership import current_owner
from libraries.job_manager.records import fetch_job
from libraries.job_manager.states import FINAL_STATES
from libraries.job_manager.task_context import job_client
from libraries.settings import UploadSettings

BLOCK_BYTES = 250_000
LIFETIME_S = 86400
# A request that adds no block, or queues no job, for longer has died.
REQUEST_TIMEOUT_S = 600
LABEL, JOB = "label", "job"


@dataclass(frozen=True)
class StagedUpload:
    """A file in the broker: the id that a job opens it by, its bytes, and their SHA-256 in hex."""

    id: str
    size: int
    sha256: str


def stage(blocks: Iterable[bytes]) -> StagedUpload:
    """Put the file that `blocks` make up into the broker, and return what its job needs to know of it.

    No more than a quarter of a megabyte of it is held here at a time. When `blocks` raises, or there is no room, nothing is kept.

    Raises:
        Unavailable: all staged uploads together would have more bytes than the setting `PARCELS_LIMIT`.
        QueueUnavailable: the broker cannot be reached.
    """
    client, upload_id = web_client(), secrets.token_hex(16)
    size, digest = 0, sha256()
    try:
        for number, block in enumerate(_in_large_blocks(blocks)):
            _add(client, upload_id, number, block)
            size += len(block)
            digest.update(block)
        staged = StagedUpload(upload_id, size, digest.hexdigest())
        _seal(client, staged)
    except BaseException:
        # What cannot be removed now is thrown away by the broker in ten minutes.
        with suppress(QueueUnavailable):
            discard(upload_id)
        raise
    return staged


def _in_large_blocks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for block in blocks:
        held += block
        while len(held) >= BLOCK_BYTES:
            yield bytes(memoryview(held)[:BLOCK_BYTES])
            del held[:BLOCK_BYTES]
    # An empty file is a file too.
    yield bytes(held)


def _add(client: Redis, upload_id: str, number: int, block: bytes) -> None:
    most = UploadSettings.current().parcels_limit
    script_keys = (keys.staged_key(upload_id), keys.STAGED_DUE_KEY, keys.STAGED_SIZES_KEY)

    def add() -> bool:
        arguments = (upload_id, number, block, time.time(), REQUEST_TIMEOUT_S, most)
        return bool(retry(lambda: run_script(client, "uploads/staged_add", script_keys, arguments)))

    # The room may be taken by staged uploads whose jobs have just ended.
    if not add() and not (retry(lambda: discard_expired(client)) and add()):
        raise Unavailable(
            "too many files wait to be stored right now; try again in a moment",
            code="uploads-full",
            retry_after=10,
        )


def _seal(client: Redis, staged: StagedUpload) -> None:
    label = json.dumps(
        {
            "owner": current_owner(),
            "size": staged.size,
            "blocks": max(1, -(-staged.size // BLOCK_BYTES)),
        }
    )
    script_keys = (keys.staged_key(staged.id), keys.STAGED_DUE_KEY)
    if not retry(
        lambda: run_script(
            client, "uploads/staged_seal", script_keys, (staged.id, label, time.time(), LIFETIME_S)
        )
    ):
        raise QueueUnavailable("the broker lost the file while it was sent; send it again")


def bind_to_job(upload_id: str, job_id: str, file: str = "") -> None:
    """Say which job a staged upload is for: when that has ended, the staged upload is thrown away.

    `file` is the path that the job will give it, where that is known: `jobs_writing` finds the job by it.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    client, key = web_client(), keys.staged_key(upload_id)
    script_keys, arguments = (key, keys.job_key(job_id)), (upload_id, job_id, LIFETIME_S)
    retry(lambda: run_script(client, "uploads/staged_bind", script_keys, arguments))
    if file:
        retry(
            lambda: client.set(
                keys.pending_upload_key(current_owner(), file), job_id, ex=LIFETIME_S
            )
        )
    if retry(lambda: _is_done(client, upload_id, time.time() + LIFETIME_S)):
        discard(upload_id)


def jobs_writing(files: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of the jobs that are about to store some of these files, which their owner sent a moment ago.

    Args:
        files: paths as the replies to uploads name them, `uploads/...`; others are passed over.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    owner, client = current_owner(), web_client()
    asked = [
        keys.pending_upload_key(owner, file.removeprefix("/"))
        for file in files
        if file.startswith(("uploads/", "/uploads/"))
    ]
    found = cast("list[bytes | None]", retry(lambda: client.mget(asked))) if asked else []
    jobs = [fetch_job(job_id) for job_id in dict.fromkeys(each.decode() for each in found if each)]
    return tuple(job.id for job in jobs if job is not None and not job.done)


def open_staged(upload_id: str) -> Iterator[bytes]:
    """Yield the blocks of a staged upload of the current owner's, in their order.

    Raises:
        NotFound: there is none, it was not filled to its end, or it belongs to somebody else.
        QueueUnavailable: the broker cannot be reached.
    """
    client, key = job_client() or web_client(), keys.staged_key(upload_id)
    text = cast("bytes | None", retry(lambda: client.hget(key, LABEL)))
    label: dict[str, Any] = json.loads(text) if text else {}
    if label.get("owner") != current_owner():
        raise _gone()
    for number in range(label["blocks"]):
        block = cast("bytes | None", retry(lambda number=number: client.hget(key, str(number))))  # type: ignore[misc]
        if block is None:
            raise _gone()
        yield block


def _gone() -> NotFound:
    return NotFound(
        "the file that was sent is not kept any more; send it again", code="upload-gone"
    )


def discard(upload_id: str) -> None:
    """Throw a staged upload away; safe to repeat.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    client = web_client()
    retry(lambda: _drop(client, upload_id))


def _drop(client: Redis, upload_id: str) -> None:
    script_keys = (keys.staged_key(upload_id), keys.STAGED_DUE_KEY, keys.STAGED_SIZES_KEY)
    run_script(client, "uploads/staged_discard", script_keys, (upload_id,))


def release_staged(entries: Sequence[JournalEntry]) -> None:
    """Throw the staged uploads of jobs away that have ended.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    client = web_client()
    for entry in entries:
        upload_id = _upload_of(client, entry.job_id)
        if upload_id is not None:
            discard(upload_id)


def _upload_of(client: Redis, job_id: str) -> str | None:
    found = retry(lambda: client.hget(keys.job_key(job_id), "staged_upload"))
    return cast("bytes", found).decode() if found else None


SUBSCRIPTION = Subscription(
    name="uploads", handler=release_staged, events=ENDS, having="staged_upload", backlog=True
)


def discard_expired(client: Redis) -> int:
    """Throw the staged uploads away whose jobs have ended, or were never queued; return how many."""
    swept = 0
    for raw_id, due in client.zscan_iter(keys.STAGED_DUE_KEY, count=100):
        upload_id = raw_id.decode()
        if _is_done(client, upload_id, due):
            _drop(client, upload_id)
            swept += 1
    return swept


def _is_done(client: Redis, upload_id: str, due: float) -> bool:
    """Tell whether nobody will open a staged upload any more; `due` is when the broker throws it away, in Unix seconds."""
    label, job_id = cast(
        "list[bytes | None]", client.hmget(keys.staged_key(upload_id), [LABEL, JOB])
    )
    if job_id is None:
        filled_at = due - LIFETIME_S
        return label is not None and time.time() > filled_at + REQUEST_TIMEOUT_S
    status = cast("bytes | None", client.hget(keys.job_key(job_id.decode()), "status"))
    return status is None or status.decode() in FINAL_STATES
