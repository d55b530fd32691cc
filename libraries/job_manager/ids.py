"""The ids of jobs and batches: nobody can guess them, and the service knows its own again without keeping a list of them.

An id is 32 letters and digits that stand for 20 bytes: when it was made (4, Unix seconds), what nobody can guess (10), and a seal
(6) that only this installation can set and that names the owner. So a client whose job's record has expired can be told that
there was one, and nothing has to be remembered for it.
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

JOB, BATCH = "job", "batch"
TIME_BYTES, RANDOM_BYTES, SEAL_BYTES = 4, 10, 6
# An id that follows from a request says nothing of its time: the same request makes it again at another time.
NO_TIME = 0
_seed: ContextVar[tuple[str, list[int]] | None] = ContextVar("id_seed", default=None)
_secrets: WeakKeyDictionary[Redis, bytes] = WeakKeyDictionary()


@contextlib.contextmanager
def repeatable_ids(seed: str) -> Iterator[None]:
    """Let the ids of the jobs that are queued inside follow from `seed`: queued again, they are the same jobs.

    Nobody can work the ids out: a secret of this installation is part of them.
    """
    token = _seed.set((seed, [0]))
    try:
        yield
    finally:
        _seed.reset(token)


def new_id(client: Redis, owner: str, *, kind: str = JOB, prefix: str = "") -> str:
    """Return a new id of the owner's, with `prefix` and `_` in front if one is given; or the one that `repeatable_ids` makes."""
    seeded = _seed.get()
    if seeded is None:
        secret, made, chance = (
            installation_secret(client),
            int(time.time()),
            secrets.token_bytes(RANDOM_BYTES),
        )
    else:
        # Asked for anew: the ids of a request that comes again must be the same, whatever became of the broker meanwhile.
        seed, count = seeded
        secret, made = installation_secret(client, anew=True), NO_TIME
        chance = _hash(secret, f"{seed}\n{count[0] + 1}".encode())[:RANDOM_BYTES]
        # Counted only now: asked for again because the broker was away, the id must be the same.
        count[0] += 1
    head = made.to_bytes(TIME_BYTES, "big") + chance
    own = b32encode(head + _seal(secret, head, owner, kind)).decode().lower()
    return f"{prefix}_{own}" if prefix else own


def made_here(client: Redis, text: str, owner: str, *, kind: str = JOB) -> int | None:
    """Return when an id of the owner's was made, in Unix seconds, 0 if it does not say; None if it is not one of theirs."""
    found = re.search(r"[a-z2-7]{32}\Z", text, re.ASCII)
    if found is None:
        return None
    packed = b32decode(found[0].upper())
    head, seal = packed[: TIME_BYTES + RANDOM_BYTES], packed[TIME_BYTES + RANDOM_BYTES :]
    ours = hmac.compare_digest(seal, _seal(installation_secret(client), head, owner, kind))
    return int.from_bytes(head[:TIME_BYTES], "big") if ours else None


def installation_secret(client: Redis, *, anew: bool = False) -> bytes:
    """Return 32 random bytes that all processes of this installation share; read once for each client, or `anew`."""
    known = _secrets.get(client)
    if known is None or anew:
        client.set(keys.SECRET_KEY, secrets.token_bytes(32), nx=True)
        known = bytes(client.get(keys.SECRET_KEY))  # type: ignore[arg-type]
        _secrets[client] = known
    return known


def _seal(secret: bytes, head: bytes, owner: str, kind: str) -> bytes:
    return _hash(secret, b"\0".join((kind.encode(), owner.encode(), head)))[:SEAL_BYTES]


def _hash(secret: bytes, text: bytes) -> bytes:
    return hmac.new(secret, text, sha256).digest()


def derive_secret(purpose: str, owner: str) -> bytes:
    """Return 32 bytes that every process of this installation derives alike, and nobody else can, for one purpose and owner.

    Raises:
        QueueUnavailable: the broker, which keeps the secret of the installation, cannot be reached.
    """
    client = web_client()
    secret = retry(lambda: installation_secret(client))
    return hmac.new(secret, f"{purpose}\0{owner}".encode(), sha256).digest()
