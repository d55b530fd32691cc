"""The header `Idempotency-Key`: a repeated request is executed once and answered again."""

from __future__ import annotations

import contextlib
import json
import logging
import random
import re
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from flask import Response, g, request

from components.http.idempotency_keys import KeyedRequest, Reply
from components.http.problems import BadFields, FieldError
from libraries.broker.errors import QueueUnavailable
from libraries.job_manager import repeatable_ids

log = logging.getLogger(__name__)

HEADER = "Idempotency-Key"
KEY = re.compile(r"[ -~]{1,255}")
KEPT_HEADERS = ("Content-Type", "Location", "Retry-After", "Cache-Control", "Preference-Applied")

Answer = Callable[..., Response]


def idempotent(view: Answer, *, unless: Callable[..., bool] | None = None) -> Answer:
    """Execute `view` once per idempotency key; repeat its first successful response.

    The arguments of the view must be parsed before, so that invalid requests need no broker. The
    header is ignored if `unless` returns True for the arguments. Raises BadFields if the key is not
    valid, and as `KeyedRequest.begin`.
    """

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None or (unless is not None and unless(*args, **kwargs)):
            return view(*args, **kwargs)
        return _answer_keyed(_keyed_request(key), lambda: view(*args, **kwargs))

    return answer


def request_random() -> random.Random:
    """Return the random generator of the request; seeded by the idempotency key if it has one."""
    if "chance" not in g:
        seed = g.get("repeatable_seed")
        g.chance = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311 # nosec B311 - repeatable on purpose
    chance: random.Random = g.chance
    return chance


def _keyed_request(key: str) -> KeyedRequest:
    if not KEY.fullmatch(key):
        raise BadFields(
            [FieldError((HEADER,), "Must be 1 to 255 printable ASCII characters.")],
            location="headers",
        )
    return KeyedRequest(
        route=f"{request.method} {request.path}", key=key, body_hash=_hash_of_request()
    )


def _hash_of_request() -> str:
    """Return a hash of method, address and body; JSON is hashed by value, not by format."""
    body = g.get("json_body")
    data = (
        request.get_data()
        if body is None
        else json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    )
    head = f"{request.method} {request.full_path}\n".encode("utf-8", "surrogatepass")
    return sha256(head + data).hexdigest()


def _answer_keyed(keyed: KeyedRequest, view: Callable[[], Response]) -> Response:
    known = keyed.begin()
    if known is not None:
        return Response(known.body, known.status, {**known.headers, "Idempotency-Replayed": "true"})
    # The body is part of the seed: if the record of the request is lost in a crash, a request with
    # another body must not get the same job ids.
    g.repeatable_seed = f"{keyed.seed}\n{keyed.body_hash}"
    try:
        with repeatable_ids(g.repeatable_seed):
            response = view()
    except Exception:
        _release(keyed)
        raise
    if response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
        _release(keyed)
    else:
        _keep(keyed, response)
    return response


def _keep(keyed: KeyedRequest, response: Response) -> None:
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    try:
        keyed.keep(Reply(response.status_code, headers, response.get_data(as_text=True)))
    except QueueUnavailable:
        # A repeated request queues the same jobs: their ids follow from the key.
        log.warning(
            "%s %s: cannot store the response for an Idempotency-Key", request.method, request.path
        )


def _release(keyed: KeyedRequest) -> None:
    with contextlib.suppress(QueueUnavailable):
        keyed.forget()
