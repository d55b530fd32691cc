"""Responses with an ETag, and 304 for a client that has the body already."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import Response, json, request

from components.http.replies import POLL_SECONDS


def etag_response(body: Mapping[str, Any], *, done: bool) -> Response:
    """Return the state of something that changes until it is `done`, or 304 if the client knows this state already."""
    data = json.dumps(body).encode()
    response = Response(data, content_type="application/json")
    response.headers["Cache-Control"] = "private, no-cache"
    if not done:
        response.headers["Retry-After"] = POLL_SECONDS
    response.set_etag(hashlib.sha256(data).hexdigest()[:32], weak=True)
    response.make_conditional(request)
    return response


def document_response(document: Mapping[str, Any]) -> Response:
    """Return a document that changes only with the service, or 304 if the client has it already."""
    return conditional(Response(json.dumps(document), content_type="application/json"))


def conditional(response: Response) -> Response:
    """Return a response that is to be asked for anew each time, or 304 if the client has it already."""
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response
