"""Responses with an ETag, and 304 if the client has the current body."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import Response, json, request

from components.http.replies import POLL_SECONDS


def etag_response(body: Mapping[str, Any], *, done: bool) -> Response:
    """Return a changing state as JSON, or 304 if the client has it.

    Until it is `done`, `Retry-After` says when to poll again.
    """
    data = json.dumps(body).encode()
    response = Response(data, content_type="application/json")
    response.headers["Cache-Control"] = "private, no-cache"
    if not done:
        response.headers["Retry-After"] = POLL_SECONDS
    response.set_etag(hashlib.sha256(data).hexdigest()[:32], weak=True)
    response.make_conditional(request)
    return response


def document_response(document: Mapping[str, Any]) -> Response:
    """Return a static document as JSON, or 304 if the client has it."""
    return json_text_response(json.dumps(document))


def json_text_response(text: str) -> Response:
    """Return the JSON of a static document, or 304 if the client has it."""
    return conditional(Response(text, content_type="application/json"))


def conditional(response: Response) -> Response:
    """Add an ETag that must be revalidated; return 304 if the client has the body."""
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response
