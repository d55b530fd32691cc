"""Job state for polling clients, immediate or as a long poll."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Response, request

from components.http.conditional import etag_response
from components.http.long_connections import requested_wait_s, wait_for
from components.http.replies import json_response
from components.http.tokens import LIFETIME_S, make_token
from components.jobs.representation import job_body, visible_job
from libraries.job_manager import JobRecord
from libraries.job_manager.representation import utc


def job_response(job_id: str, *, wait: int | None) -> Response:
    """Return a job of the caller, after at most `wait` seconds as soon as it is done or has changed."""
    record = visible_job(job_id)
    seconds = requested_wait_s(wait)
    if seconds and not record.done:
        record = wait_for(job_id, seconds, until=_is_news)
    response = _response(record)
    if seconds and "Prefer" in request.headers and wait is None:
        response.headers["Preference-Applied"] = f"wait={seconds}"
    return response


def _is_news(record: JobRecord) -> bool:
    """Return whether the ETag of the client is outdated; without an ETag, whether the job is done."""
    return _response(record).status_code != 304 if request.if_none_match else record.done  # noqa: PLR2004


def _response(record: JobRecord) -> Response:
    return etag_response(job_body(record), done=record.done)


def token_response(record: JobRecord) -> Response:
    """Return a token for the events of a job, with the URLs that accept it."""
    token = make_token(record.id, record.owner)
    body = {
        "token": token,
        "expires_at": utc(datetime.now(UTC) + timedelta(seconds=LIFETIME_S)),
        "job_id": record.id,
        "links": {
            "events": f"/jobs/{record.id}/events?token={token}",
            "socket": f"/ws/background_jobs?token={token}",
        },
    }
    return json_response(body, status_code=201)
