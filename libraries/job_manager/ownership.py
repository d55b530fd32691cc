"""Who a job belongs to: whoever the code that queues it acts for."""

from __future__ import annotations

import contextlib
import hmac
import secrets
import uuid
from collections.abc import Iterator
from contextvars import ContextVar
from hashlib import sha256

from redis import Redis

from libraries.job_manager import keys
from libraries.storage import files_of

ANONYMOUS = "anonymous"
# How long it is remembered whose a job was whose record is gone: seven days, in seconds.
MEMORY = 7 * 86400
_owner: ContextVar[str] = ContextVar("owner", default=ANONYMOUS)
_id_seed: ContextVar[tuple[str, list[int]] | None] = ContextVar("id_seed", default=None)


@contextlib.contextmanager
def acting_for(owner: str) -> Iterator[None]:
    """Let the jobs that are queued inside belong to `owner`, and the files that are read and written inside be theirs."""
    token = _owner.set(owner)
    try:
        with files_of("" if owner == ANONYMOUS else owner):
            yield
    finally:
        _owner.reset(token)


def current_owner() -> str:
    """Return who the running code acts for."""
    return _owner.get()


@contextlib.contextmanager
def repeatable_ids(seed: str) -> Iterator[None]:
    """Let the ids of the jobs that are queued inside follow from `seed`: queued again, they are the same jobs.

    Nobody can work the ids out: a secret of this installation is part of them.
    """
    token = _id_seed.set((seed, [0]))
    try:
        yield
    finally:
        _id_seed.reset(token)


def new_job_id(client: Redis) -> str:
    """Return the id for a new job: 122 random bits, or what `repeatable_ids` says."""
    seeded = _id_seed.get()
    if seeded is None:
        return str(uuid.uuid4())
    seed, count = seeded
    digest = hmac.new(_secret(client), f"{seed}\n{count[0] + 1}".encode(), sha256).digest()
    # Counted only now: asked for again because the broker was away, the id must be the same.
    count[0] += 1
    return str(uuid.UUID(bytes=digest[:16], version=4))


def _secret(client: Redis) -> bytes:
    client.set(keys.SECRET_KEY, secrets.token_bytes(32), nx=True)
    found = client.get(keys.SECRET_KEY)
    return found if isinstance(found, bytes) else str(found).encode()
