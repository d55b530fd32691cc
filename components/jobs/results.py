"""Results of jobs: their files, or the return value of the task as JSON."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Response, json

from components.http.exports import (
    JSON_TYPE,
    artifact_reply,
    check_finished,
    file_response,
    finished_response,
)
from components.http.formats import ExportQuery, accepted_type, is_drawing
from components.http.pages import FILE_HEADERS
from components.jobs.representation import named_artifacts, public_result
from libraries.errors import NotFound
from libraries.job_manager import JobRecord


def result_response(record: JobRecord, query: ExportQuery) -> Response:
    """Return the result of a job in the format that the client requests or prefers.

    `download` makes browsers save it instead of showing it. Raise Conflict if the job has no result, or not yet, and as
    `ExportQuery.choice`.
    """
    check_finished(record)
    artifact = record.artifacts[0] if record.artifacts else None
    media_type = artifact["media_type"] if artifact else JSON_TYPE
    choice = query.choice(media_type)
    if artifact is None:
        return value_response(record.result, download=query.download)
    response = artifact_reply(artifact, choice, download=query.download)
    if is_drawing(media_type):
        response.vary.add("Accept")
    return response


def artifact_response(record: JobRecord, name: str, *, download: bool) -> Response:
    """Return a file of a job by its public name; raise NotFound if there is none."""
    check_finished(record)
    artifact = named_artifacts(record).get(name)
    if artifact is None:
        raise NotFound("this job has no file of this name", code="artifact-not-found")
    accepted_type([artifact["media_type"]])
    return file_response(artifact, download=download)


def value_response(value: Any, *, download: bool) -> Response:
    body = json.dumps(public_result(value)).encode()
    sha256 = hashlib.sha256(body).hexdigest()
    response = Response(body, content_type="application/json", headers=FILE_HEADERS)
    return finished_response(response, "result.json", sha256, len(body), download=download)
