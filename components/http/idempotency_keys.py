"""Stored responses of requests with an `Idempotency-Key`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import cast

from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.errors import Conflict, InvalidInput
from libraries.job_manager.ownership import current_owner
from libraries.json_types import JsonObject

# A request that has not ended by then can be repeated: its job ids follow from the key, so it
# queues the same jobs.
REQUEST_TIMEOUT_S = 10


@dataclass(frozen=True)
class Reply:
    """A stored response: HTTP status, selected headers and body."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class KeyedRequest:
    """A request with an idempotency key: its route, the key, and a hash of its content."""

    REPLY_TTL_S = 86400

    route: str
    key: str
    body_hash: str

    @property
    def seed(self) -> str:
        """The seed of the ids of the jobs that the request queues."""
        return f"{current_owner()}\n{self.route}\n{self.key}"

    @property
    def _record_key(self) -> str:
        return f"vector:idempotency:{sha256(self.seed.encode()).hexdigest()}"

    def begin(self) -> Reply | None:
        """Return the stored response, or None if the request must be executed now.

        Raises Conflict if a request with the key is in progress, and InvalidInput if it differs.
        """
        client = web_client()
        mark = json.dumps({"hash": self.body_hash})
        if retry(lambda: client.set(self._record_key, mark, nx=True, ex=REQUEST_TIMEOUT_S)):
            return None
        found = cast("bytes | None", retry(lambda: client.get(self._record_key)))
        known: JsonObject = json.loads(found) if found else {"hash": self.body_hash}
        if known["hash"] != self.body_hash:
            text = "this Idempotency-Key was used with another request"
            raise InvalidInput(text, field="Idempotency-Key", code="idempotency-mismatch")
        if "status" not in known:
            text = "another request with this Idempotency-Key is in progress"
            raise Conflict(text, code="idempotency-conflict", retry_after=1)
        return Reply(known["status"], known["headers"], known["body"])

    def keep(self, reply: Reply) -> None:
        client = web_client()
        record = json.dumps({"hash": self.body_hash, **asdict(reply)})
        retry(lambda: client.set(self._record_key, record, ex=self.REPLY_TTL_S))

    def forget(self) -> None:
        """Release the key after the request failed."""
        client = web_client()
        retry(lambda: client.delete(self._record_key))
