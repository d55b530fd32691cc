"""Requests that are safe to send again: the first answer to an Idempotency-Key is kept and given again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import cast

from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.errors import Conflict, InvalidInput
from libraries.job_manager.ownership import current_owner
from libraries.json_types import JsonObject

# Kept for a day. A request that began and never ended is given up after some seconds: repeating it makes the same jobs again,
# because their ids follow from the key.
REPLY_TTL_S = 86400
REQUEST_TIMEOUT_S = 10


@dataclass(frozen=True)
class Reply:
    """An answer as it was given: HTTP status, the headers that matter, the body."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class KeyedRequest:
    """A request with an idempotency key: where it went, the key, and a hash of what it asked for."""

    route: str
    key: str
    body_hash: str

    @property
    def seed(self) -> str:
        """What the ids of the jobs that it queues follow from."""
        return f"{current_owner()}\n{self.route}\n{self.key}"

    @property
    def _record_key(self) -> str:
        return f"vector:idempotency:{sha256(self.seed.encode()).hexdigest()}"

    def begin(self) -> Reply | None:
        """Return the answer that was given before, or None when the request is to be worked on now.

        Raises:
            Conflict: it is being worked on.
            InvalidInput: the key stands for another request.
            QueueUnavailable: the broker cannot be reached.
        """
        client = web_client()
        mark = json.dumps({"hash": self.body_hash})
        if retry(lambda: client.set(self._record_key, mark, nx=True, ex=REQUEST_TIMEOUT_S)):
            return None
        found = cast("bytes | None", retry(lambda: client.get(self._record_key)))
        known: JsonObject = json.loads(found) if found else {"hash": self.body_hash}
        if known["hash"] != self.body_hash:
            raise InvalidInput(
                "this Idempotency-Key was sent before with another request",
                field="Idempotency-Key",
                code="idempotency-mismatch",
            )
        if "status" not in known:
            raise Conflict(
                "the first request with this Idempotency-Key is still being worked on",
                code="idempotency-conflict",
                retry_after=1,
            )
        return Reply(known["status"], known["headers"], known["body"])

    def keep(self, reply: Reply) -> None:
        """Keep the answer for a day."""
        client = web_client()
        known = {
            "hash": self.body_hash,
            "status": reply.status,
            "headers": reply.headers,
            "body": reply.body,
        }
        retry(lambda: client.set(self._record_key, json.dumps(known), ex=REPLY_TTL_S))

    def forget(self) -> None:
        """Let the key be used again: the request was refused, or failed."""
        client = web_client()
        retry(lambda: client.delete(self._record_key))
