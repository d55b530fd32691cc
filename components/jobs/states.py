"""A job as clients see it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any, ClassVar

from flask import Response, json, request

from components.http import POLL_SECONDS, job_links
from libraries.errors import NotFound
from libraries.job_manager import JobRecord, fetch_job
from libraries.storage import ArtifactFolder, output_folder


class JobNotFound(NotFound):
    """Raised when an id stands for no job: it never did, or the record of the job has expired."""

    code: ClassVar[str] = "job-not-found"


def find_job(job_id: str) -> JobRecord:
    """Return the job.

    Raises:
        JobNotFound: there is no such job, or the id is no job id.
        QueueUnavailable: the broker cannot be reached.
    """
    record = fetch_job(job_id)
    if record is None:
        raise JobNotFound("there is no job with this id, or its record has expired")
    return record


def job_response(record: JobRecord) -> Response:
    """Return the state of a job, or 304 if the client knows it already."""
    body = json.dumps(job_body(record)).encode()
    response = Response(body, content_type="application/json")
    response.headers["Cache-Control"] = "private, no-cache"
    if not record.done:
        response.headers["Retry-After"] = POLL_SECONDS
    response.set_etag(hashlib.sha256(body).hexdigest()[:32], weak=True)
    response.make_conditional(request)
    return response


def job_body(record: JobRecord) -> dict[str, Any]:
    """Return the job as the JSON object of `JobSchema`."""
    links = job_links(record.id)
    return {
        "id": record.id,
        "status": record.status,
        "result": shown_result(record.result),
        "error": record.public_error,
        "created_at": utc(record.created_at),
        "started_at": utc(record.started_at),
        "ended_at": utc(record.ended_at),
        "done": record.done,
        "error_code": record.error_code,
        "task": record.task,
        "position": record.position,
        "progress": record.progress,
        "attempt": record.attempt,
        "retries_left": record.retries_left,
        "timeout": record.timeout,
        "expires_at": utc(record.expires_at),
        "artifacts": [shown_artifact(one, links["result"] if place == 0 else None) for place, one in enumerate(record.artifacts)],
        "links": links,
    }


def shown_artifact(artifact: dict[str, Any], url: str | None) -> dict[str, Any]:
    """Return an artifact by the name that was asked for, without the folders that it lies in."""
    shown = {**artifact, "name": artifact["name"].rsplit("/", 1)[-1]}
    return {**shown, "url": url} if url else shown


def shown_result(result: Any) -> Any:
    """Return a result with every path below the output folder shown as `output/...`; containers are changed in place."""
    folder = output_folder()
    top = [result]
    pending: list[list[Any] | dict[str, Any]] = [top]
    while pending:
        pending.extend(_show_paths(pending.pop(), folder))
    return top[0]


def _show_paths(container: list[Any] | dict[str, Any], folder: ArtifactFolder) -> list[list[Any] | dict[str, Any]]:
    """Show the paths that stand directly in `container`, and return the containers in it."""
    places: list[tuple[Any, Any]] = list(container.items() if isinstance(container, dict) else enumerate(container))
    for place, value in places:
        container[place] = folder.shown(value)
    return [value for _, value in places if isinstance(value, list | dict)]


def utc(moment: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC with milliseconds, such as `2026-11-21T21:43:51.779Z`."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
