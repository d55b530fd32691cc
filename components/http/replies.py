"""Replies of routes: what was queued, JSON, and the choices that a request states in its headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from flask import Response, json, request
from marshmallow import INCLUDE, Schema, fields

from components.http.idempotency import HEADER
from components.http.long_connections import requested_wait_s, wait_for
from libraries.broker.errors import QueueUnavailable
from libraries.errors import InvalidInput, NotFound, Unavailable
from libraries.job_manager import JobRecord, JobUnknown
from libraries.job_manager.job_drawings import first_drawing
from libraries.job_manager.representation import job_links, public_result
from libraries.json_types import JsonObject
from libraries.storage import output_folder

POLL_SECONDS = "1"


MAX_SVG_BYTES, MAX_KEPT_SVG_BYTES = 5_000_000, 64_000


class Job(Protocol):
    """All that a reply needs to know of a queued job."""

    @property
    def id(self) -> str:
        """The id that clients follow it by."""


class ReplySchema(Schema):
    """A JSON object in a reply.

    Later versions may add members, so its documentation allows more than it names.
    """

    class Meta:
        """Say so to whoever makes the documentation."""

        unknown = INCLUDE


class JobLinksSchema(ReplySchema):
    """Where a job can be followed, and what can be done with it in its present state."""

    self_ = fields.String(
        data_key="self", metadata={"description": "State of the job.", "example": "/jobs/4f1c9a"}
    )
    events = fields.String(
        metadata={
            "description": "What becomes of it, as an event stream.",
            "example": "/jobs/4f1c9a/events",
        }
    )
    logs = fields.String(
        metadata={"description": "How it went, for people to read.", "example": "/jobs/4f1c9a/logs"}
    )
    result = fields.String(
        metadata={"description": "What it made.", "example": "/jobs/4f1c9a/result"}
    )
    preview = fields.String(
        metadata={
            "description": "A picture of what it drew, if it drew.",
            "example": "/jobs/4f1c9a/preview.png",
        }
    )
    cancel = fields.String(
        metadata={"description": "POST here to cancel or stop it, while it waits or runs."}
    )
    retry = fields.String(
        metadata={"description": "POST here to try it again, if it ended without a result."}
    )
    batch = fields.String(metadata={"description": "The batch that it belongs to, if any."})


class AcceptedSchema(ReplySchema):
    """The reply to a request that was queued."""

    status = fields.String(
        required=True, metadata={"description": "`queued`.", "example": "queued"}
    )
    job_id = fields.String(
        required=True, metadata={"description": "The id to follow the job by.", "example": "4f1c9a"}
    )
    message = fields.String(required=True, metadata={"description": "What was queued, in words."})
    result = fields.Raw(
        metadata={
            "description": "What the task returned, after `Prefer: wait=N` and a job done in time."
        }
    )
    error = fields.String(metadata={"description": "Why it failed, in the same case."})
    svg = fields.String(metadata={"description": "What it drew, in the same case, up to 5 MB."})
    links = fields.Nested(JobLinksSchema, metadata={"description": "Where to follow it."})


def accepted(job: Job, message: str, *, status_code: int = 202, **extra: Any) -> Response:
    """Return the reply to a request that was queued as `job`.

    The body has `status` ("queued"), `job_id`, `message`, `links` and whatever `extra` adds or
    replaces; `Location` and `Retry-After` tell where and when to ask for the job.

    A client that sent `Prefer: wait=N` gets this after that many seconds, or before, with status
    200, what became of the job: `status` is the job's then, and `result`, `error` and the `svg`
    that it drew stand beside it.
    """
    body = {
        "status": "queued",
        "job_id": job.id,
        "message": message,
        "links": job_links(job.id),
        **extra,
    }
    seconds = requested_wait_s()
    record = waited_for(job.id, seconds) if seconds else None
    if record is not None and record.done:
        response = json_response(
            {**body, **result_json(record)}, headers={"Location": body["links"]["self"]}
        )
    else:
        response = queued_response(body, status_code=status_code)
    if seconds:
        response.headers.add("Preference-Applied", f"wait={seconds}")
    return response


def waited_for(job_id: str, seconds: float) -> JobRecord | None:
    """Return a job that has just been queued as soon as it is done, or as it is after some seconds; None if nobody can tell."""
    try:
        return wait_for(job_id, seconds, until=lambda job: job.done)
    except (QueueUnavailable, JobUnknown):
        # It is queued, and the client is to know that.
        return None


def result_json(record: JobRecord) -> JsonObject:
    """Return what a reply says of a job that is done."""
    links = job_links(
        record.id, record.status, record.batch_id, drawn=first_drawing(record) is not None
    )
    told: JsonObject = {
        "status": record.status,
        "result": public_result(record.result),
        "links": links,
    }
    if record.public_error is not None:
        told["error"] = record.public_error
    drawing = drawing_of(record)
    return told if drawing is None else {**told, "svg": drawing}


def drawing_of(record: JobRecord) -> str | None:
    """Return the SVG that a job drew, None if it drew none, or one that is better fetched by itself."""
    made = first_drawing(record)
    # A reply to a request with a key is kept, so it should be small.
    if made is None or made["size"] > (
        MAX_KEPT_SVG_BYTES if HEADER in request.headers else MAX_SVG_BYTES
    ):
        return None
    try:
        with output_folder().open_checked(made["name"]) as file:
            return file.read(MAX_SVG_BYTES).decode()
    except (NotFound, InvalidInput, Unavailable):
        return None


def queued_response(body: Mapping[str, Any], *, status_code: int = 202) -> Response:
    """Return the reply to a request that was queued; `body` has in `links.self` where to follow it."""
    headers = {"Location": body["links"]["self"], "Retry-After": POLL_SECONDS}
    return json_response(body, status_code=status_code, headers=headers)


def json_response(
    body: Mapping[str, Any], *, status_code: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON object that is true only now."""
    response = Response(
        json.dumps(body), status_code, dict(headers or {}), content_type="application/json"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def prefers_async() -> bool:
    """Tell whether the client sent `Prefer: respond-async` (RFC 7240)."""
    wishes = re.split(r"[,;]", request.headers.get("Prefer", ""))
    return any(wish.strip().lower() == "respond-async" for wish in wishes)


def prefers(media_type: str, *, rather_than: str) -> bool:
    """Tell whether the client asks for `media_type` more than for `rather_than`, which is what others get."""
    accept = request.accept_mimetypes
    return bool(accept[media_type] > accept[rather_than])
