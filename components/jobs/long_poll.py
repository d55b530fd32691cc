"""Job state for polling clients, immediate or as a long poll."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, g, request

from components.http.conditional import etag_response
from components.http.exports import JSON_TYPE, drawn_response
from components.http.formats import accepted_type, drawing_types, format_links, is_drawing
from components.http.long_connections import requested_wait_s, wait_for
from components.http.replies import json_response
from components.http.server.repeated import repeatable
from components.http.tokens import JOB_PREFIX, JOB_TOKEN_S, make_token
from components.jobs.representation import job_body, visible_job
from libraries.job_manager import JobRecord
from libraries.job_manager.backends import state_reader
from libraries.job_manager.representation import utc


def job_response(job_id: str, *, wait: int | None) -> Response:
    """Return a job of the caller; wait up to `wait` seconds until it is done or has changed.

    If the client prefers a drawing to JSON, the response is that of the job once it is done. Raises
    EdgeError (`not-acceptable`) if the client takes neither.
    """
    media_type = accepted_type([JSON_TYPE, *drawing_types()])
    is_json = media_type == JSON_TYPE
    record = visible_job(job_id)
    seconds = requested_wait_s(wait)
    if seconds and not record.done:
        record = wait_for(job_id, seconds, until=_has_changed if is_json else _is_done)
    response = None if is_json or not record.done else drawn_response(record, media_type)
    if response is None:
        if record.done:
            accepted_type([JSON_TYPE])
        response = _response(record)
        response.vary.add("Accept")
        # A request that waits for a change is not repeated.
        read_state = None if seconds and not record.done else state_reader(record)
        if read_state is not None:
            repeatable(read_state)
    if seconds and "Prefer" in request.headers and wait is None:
        response.headers["Preference-Applied"] = f"wait={seconds}"
    return response


def _is_done(record: JobRecord) -> bool:
    return record.done


def _has_changed(record: JobRecord) -> bool:
    """Return whether the ETag of the client is outdated; without an ETag, whether the job is done."""
    return _response(record).status_code != 304 if request.if_none_match else record.done  # noqa: PLR2004


def _response(record: JobRecord) -> Response:
    # A token may have been passed on.
    body = job_body(record, arguments=g.grant is None)
    if record.artifacts and is_drawing(record.artifacts[0]["media_type"]):
        body["links"]["formats"] = format_links(body["links"]["result"])
    return etag_response(body, done=record.done)


def token_response(record: JobRecord) -> Response:
    """Return a token for reading a job, and the addresses that it opens."""
    token, expires_at = make_token(record.owner, f"{JOB_PREFIX}{record.id}", JOB_TOKEN_S)
    job = f"/jobs/{record.id}"
    paths = {
        "self": job,
        **{name: f"{job}/{name}" for name in ("events", "logs", "result")},
        "preview": f"{job}/preview.png",
        "socket": "/ws/background_jobs",
    }
    body = {
        "token": token,
        "expires_at": utc(datetime.fromtimestamp(expires_at, UTC)),
        "job_id": record.id,
        "links": {name: f"{path}?token={token}" for name, path in paths.items()},
    }
    return json_response(body, status_code=201)
