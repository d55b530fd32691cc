"""Ids of jobs and batches, which cannot be guessed and are recognized after their expiry.

An id is 32 letters and digits that encode 20 bytes: the creation time (4, Unix seconds), random
bytes (10), and an HMAC (6) with the secret of the installation, which includes the owner. So the
service can report an expired job as expired without a list of former jobs.
"""

from __future__ import annotations

import contextlib
import hmac
import re
import secrets
import time
from base64 import b32decode, b32encode
from collections.abc import Iterator
from contextvars import ContextVar
from hashlib import sha256
from weakref import WeakKeyDictionary

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.settings import AccessSettings

JOB, BATCH = "job", "batch"
TIME_BYTES, RANDOM_BYTES, SEAL_BYTES = 4, 10, 6
_seed: ContextVar[tuple[str, list[int]] | None] = ContextVar("id_seed", default=None)
_secrets: WeakKeyDictionary[Redis, bytes] = WeakKeyDictionary()


@contextlib.contextmanager
def repeatable_ids(seed: str) -> Iterator[None]:
    """Derive the ids of jobs that are queued inside from `seed`; repetition queues no new jobs.

    The secret of the installation keeps the ids unpredictable.
    """
    token = _seed.set((seed, [0]))
    try:
        yield
    finally:
        _seed.reset(token)


def new_id(client: Redis, owner: str, *, kind: str = JOB, prefix: str = "") -> str:
    """Return a new id, with `<prefix>_` in front; inside `repeatable_ids` the next derived one."""
    seeded = _seed.get()
    if seeded is None:
        secret, created = installation_secret(client), int(time.time())
        random = secrets.token_bytes(RANDOM_BYTES)
    else:
        # No time and no cache: a repeated request must produce the same ids, even after a restart.
        seed, count = seeded
        secret, created = installation_secret(client, cached=False), 0
        random = _hash(secret, f"{seed}\n{count[0] + 1}".encode())[:RANDOM_BYTES]
        # Incremented last: after an error of the broker, a retry must produce the same id.
        count[0] += 1
    head = created.to_bytes(TIME_BYTES, "big") + random
    job_id = b32encode(head + _seal(secret, head, owner, kind)).decode().lower()
    return f"{prefix}_{job_id}" if prefix else job_id


def creation_time(client: Redis, text: str, owner: str, *, kind: str = JOB) -> int | None:
    """Return when one of the owner's ids was made, in Unix seconds or 0; None for other ids."""
    found = re.search(r"[a-z2-7]{32}\Z", text, re.ASCII)
    if found is None:
        return None
    packed = b32decode(found[0].upper())
    head, seal = packed[: TIME_BYTES + RANDOM_BYTES], packed[TIME_BYTES + RANDOM_BYTES :]
    valid = hmac.compare_digest(seal, _seal(installation_secret(client), head, owner, kind))
    return int.from_bytes(head[:TIME_BYTES], "big") if valid else None


def installation_secret(client: Redis, *, cached: bool = True) -> bytes:
    """Return the 32 secret bytes that all processes share: of SECRET_KEY, or random ones in the broker.

    Those of the broker are cached for each client.
    """
    if chosen := AccessSettings.current().secret_key:
        return sha256(chosen.encode()).digest()
    known = _secrets.get(client)
    if known is None or not cached:
        client.set(keys.SECRET_KEY, secrets.token_bytes(32), nx=True)
        known = bytes(client.get(keys.SECRET_KEY))  # type: ignore[arg-type]
        _secrets[client] = known
    return known


def _seal(secret: bytes, head: bytes, owner: str, kind: str) -> bytes:
    return _hash(secret, b"\0".join((kind.encode(), owner.encode(), head)))[:SEAL_BYTES]


def _hash(secret: bytes, text: bytes) -> bytes:
    return hmac.new(secret, text, sha256).digest()


def derive_secret(purpose: str, owner: str) -> bytes:
    """Return 32 secret bytes for a purpose and an owner, the same in all processes."""
    client = web_client()
    secret = retry(lambda: installation_secret(client))
    return _hash(secret, f"{purpose}\0{owner}".encode())
