"""Responses of routes: submitted jobs, JSON, and the preferences in the request headers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

from flask import Response, json, request
from marshmallow import INCLUDE, Schema, fields

from components.http.idempotency import HEADER
from components.http.long_connections import requested_wait_s, wait_for
from components.http.problems import FieldError, FieldErrorSchema, shown_fields
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
    """A submitted job, as far as a response needs it."""

    @property
    def id(self) -> str: ...


class ReplySchema(Schema):
    """A JSON object in a response; its OpenAPI schema allows further members."""

    class Meta:
        """Allow further members in the documentation."""

        unknown = INCLUDE


class JobLinksSchema(ReplySchema):
    """Links to the job and to the actions that its state allows."""

    self_ = fields.String(
        data_key="self", metadata={"description": "State of the job.", "example": "/jobs/4f1c9a"}
    )
    events = fields.String(
        metadata={"description": "Event stream of the job.", "example": "/jobs/4f1c9a/events"}
    )
    logs = fields.String(
        metadata={"description": "Log of the job as text.", "example": "/jobs/4f1c9a/logs"}
    )
    result = fields.String(
        metadata={"description": "Result of the job.", "example": "/jobs/4f1c9a/result"}
    )
    preview = fields.String(
        metadata={
            "description": "PNG preview of the drawing, if there is one.",
            "example": "/jobs/4f1c9a/preview.png",
        }
    )
    formats = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={
            "description": "The result in other formats, by name, if it is a drawing; only in `GET /jobs/{job_id}`.",
            "example": {"pdf": "/jobs/4f1c9a/result?format=pdf"},
        },
    )
    cancel = fields.String(
        metadata={"description": "POST to cancel or stop the job; while it waits or runs."}
    )
    retry = fields.String(
        metadata={"description": "POST to retry the job; if it ended without a result."}
    )
    batch = fields.String(metadata={"description": "Batch of the job, if any."})
    original = fields.String(
        metadata={"description": "Job that this one repeats with other arguments, if any."}
    )


def ignored_field() -> fields.List[Any]:
    """Declare the list of ignored members in the response of a route that accepts unknown ones."""
    about = "Members of the request that are unknown and were ignored, if any; with a hint."
    return fields.List(fields.Nested(FieldErrorSchema), metadata={"description": about})


class AcceptedSchema(ReplySchema):
    """The response to a request that was queued."""

    status = fields.String(
        required=True, metadata={"description": "`queued`.", "example": "queued"}
    )
    job_id = fields.String(
        required=True, metadata={"description": "Id of the job.", "example": "4f1c9a"}
    )
    message = fields.String(
        required=True, metadata={"description": "Description of the queued job."}
    )
    result = fields.Raw(
        metadata={
            "description": "Return value of the task, with `Prefer: wait=N` if it ends in time."
        }
    )
    error = fields.String(metadata={"description": "Error message of the job, in the same case."})
    svg = fields.String(
        metadata={"description": "Drawing of the job, in the same case, up to 5 MB."}
    )
    existing = fields.Boolean(
        metadata={"description": "True if another job has the `unique_key`: this is that job."}
    )
    links = fields.Nested(JobLinksSchema, metadata={"description": "Links to the job."})
    ignored = ignored_field()


class AcceptedFileSchema(AcceptedSchema):
    """The response to a drawing that was queued."""

    file = fields.String(
        metadata={
            "description": "Path of the drawing once the job has finished; not for an `existing` job.",
            "example": "output/jobs/nbyj4q3x/plots/plot.svg",
        },
    )


def accepted(
    job: Job,
    message: str,
    *,
    status_code: int = 202,
    wait: bool = True,
    wait_s: int = 0,
    **extra: Any,
) -> Response:
    """Return the response to a request that was queued as `job`; `extra` adds or replaces members.

    With `wait` and `Prefer: wait=N` the response is delayed by up to N seconds. If the job ends in
    time, the status is 200, and the body has the job's `status`, `result`, `error` and `svg`.
    `wait_s` is the delay without that header.
    """
    links = job_links(job.id)
    body: JsonObject = {"status": "queued", "job_id": job.id, "message": message, "links": links}
    body |= extra
    requested_s = requested_wait_s() if wait else 0
    seconds = requested_s or (wait_s if wait else 0)
    record = waited_for(job.id, seconds) if seconds else None
    if record is not None and record.done:
        headers = {"Location": body["links"]["self"]}
        response = json_response(body | result_json(record), headers=headers)
    else:
        response = queued_response(body, status_code=status_code)
    if requested_s:
        response.headers.add("Preference-Applied", f"wait={requested_s}")
    return response


def waited_for(job_id: str, seconds: float) -> JobRecord | None:
    """Wait for a queued job and return it, done or not; None if its state is unknown."""
    try:
        return wait_for(job_id, seconds, until=lambda job: job.done)
    except (QueueUnavailable, JobUnknown):
        # The job is queued, so the request succeeded.
        return None


def result_json(record: JobRecord) -> JsonObject:
    """Return the members that a response has for a job that is done."""
    links = job_links(
        record.id, record.status, record.batch_id, drawn=first_drawing(record) is not None
    )
    body: JsonObject = {
        "status": record.status,
        "message": f"Job {record.status}",
        "result": public_result(record.result),
        "links": links,
    }
    if record.public_error is not None:
        body["error"] = record.public_error
    drawing = drawing_of(record)
    return body if drawing is None else {**body, "svg": drawing}


def drawing_of(record: JobRecord) -> str | None:
    """Return the SVG that a job drew; None if there is none or it is too large to embed."""
    artifact = first_drawing(record)
    # The response to a request with an idempotency key is stored in the broker.
    limit = MAX_KEPT_SVG_BYTES if HEADER in request.headers else MAX_SVG_BYTES
    if artifact is None or artifact["size"] > limit:
        return None
    try:
        with output_folder().open_checked(artifact["name"]) as file:
            return file.read(MAX_SVG_BYTES).decode()
    except (NotFound, InvalidInput, Unavailable):
        return None


def with_ignored(response: Response, ignored: Sequence[FieldError]) -> Response:
    """Add the list `ignored` to a JSON response, and the names as a header to any other."""
    if ignored and response.is_json:
        body = {**response.get_json(), "ignored": shown_fields(ignored)}
        response.set_data(json.dumps(body))
    elif ignored:
        names = (quote(".".join(one.path)[:100], errors="replace") for one in ignored[:20])
        response.headers["X-Ignored-Fields"] = ", ".join(names)
    return response


def queued_response(body: Mapping[str, Any], *, status_code: int = 202) -> Response:
    headers = {"Location": body["links"]["self"], "Retry-After": POLL_SECONDS}
    return json_response(body, status_code=status_code, headers=headers)


def json_response(
    body: Mapping[str, Any], *, status_code: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON response that must not be stored."""
    response = Response(
        json.dumps(body), status_code, dict(headers or {}), content_type="application/json"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def prefers_async() -> bool:
    """Return whether the client sent `Prefer: respond-async` (RFC 7240)."""
    preferences = re.split(r"[,;]", request.headers.get("Prefer", ""))
    return any(one.strip().lower() == "respond-async" for one in preferences)
