"""Results of jobs: their files, or the return value of the task as JSON."""

from __future__ import annotations

import hashlib
import io
from typing import IO, Any

from flask import Response, json, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper, wrap_file

from components.http.exports import accepted_format, default_export, disposition, is_drawing
from components.http.pages import FILE_HEADERS
from components.http.problems import EdgeError, with_members
from components.http.replies import POLL_SECONDS
from components.jobs.representation import named_artifacts, public_result
from libraries.errors import Conflict, InvalidInput, NotFound
from libraries.exporting import StoredDrawing
from libraries.job_manager import JobRecord
from libraries.json_types import JsonObject
from libraries.storage import output_folder


def result_response(record: JobRecord, *, download: bool) -> Response:
    """Return the result of a job in the media type that the client prefers.

    `download` makes browsers save it instead of showing it. Raise Conflict if the job has no result, or not yet.
    """
    check_finished(record)
    if not record.artifacts:
        accepted_format("application/json")
        return value_response(record.result, download=download)
    artifact = record.artifacts[0]
    form = accepted_format(artifact["media_type"])
    if form is not None:
        try:
            return default_export(stored_drawing(artifact), form, download=download)
        except NotFound:
            raise expired_file() from None
    response = file_response(artifact, download=download)
    if is_drawing(artifact["media_type"]):
        response.vary.add("Accept")
    return response


def stored_drawing(artifact: JsonObject) -> StoredDrawing:
    return StoredDrawing(
        artifact["name"],
        artifact["sha256"],
        artifact["size"],
        artifact.get("plot", {}).get("vertices"),
        artifact.get("download_name", ""),
    )


def artifact_response(record: JobRecord, name: str, *, download: bool) -> Response:
    """Return a file of a job by its public name; raise NotFound if there is none."""
    check_finished(record)
    artifact = named_artifacts(record).get(name)
    if artifact is None:
        raise NotFound("this job has no file of this name", code="artifact-not-found")
    return file_response(artifact, download=download)


def check_finished(record: JobRecord) -> None:
    """Raise Conflict if the job has no result, or not yet."""
    if not record.done:
        text = f"the job is {record.status} and has no result yet"
        error = Conflict(text, code="job-not-finished")
        raise with_members(error, retry_after=int(POLL_SECONDS), job_status=record.status)
    if record.status != "finished":
        failed = record.status == "failed"
        reason = f"failed: {record.public_error}" if failed else f"was {record.status}"
        error = Conflict(f"the job has no result: it {reason}", code="job-failed")
        raise with_members(error, job_status=record.status)


def expired_file(reason: str = "no longer exists") -> EdgeError:
    return EdgeError(f"the file of this job {reason}", code="job-expired")


def file_response(artifact: JsonObject, *, download: bool) -> Response:
    """Return a stored file, the requested range of it, or 304; raise EdgeError if it was deleted or replaced."""
    name, sha256, size = artifact["name"], artifact["sha256"], artifact["size"]
    try:
        # A later job may write to the same name, but an open file does not change.
        file = output_folder().open_checked(name, sha256=sha256)
    except (NotFound, InvalidInput) as error:
        if error.code == "file-replaced":
            raise expired_file("was replaced by another one") from None
        raise expired_file() from None
    response = Response(content_type=artifact["media_type"], headers=FILE_HEADERS)
    _stream(response, file)
    # Cloudflare Images may return a large photo with other bytes than it received.
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    response.content_length = size
    shown = artifact.get("download_name") or name.rsplit("/", 1)[-1]
    return _finish(response, shown, sha256, size, download=download)


def value_response(value: Any, *, download: bool) -> Response:
    body = json.dumps(public_result(value)).encode()
    sha256 = hashlib.sha256(body).hexdigest()
    response = Response(body, content_type="application/json", headers=FILE_HEADERS)
    return _finish(response, "result.json", sha256, len(body), download=download)


def _stream(response: Response, file: IO[bytes]) -> None:
    # Servers send a complete local file with sendfile. Otherwise FileWrapper seeks to the requested range instead of reading
    # the bytes before it.
    whole = (
        isinstance(file, io.BufferedReader)
        and isinstance(file.raw, io.FileIO)
        and "Range" not in request.headers
    )
    response.response = wrap_file(request.environ, file) if whole else FileWrapper(file, 64 * 1024)
    response.direct_passthrough = True


def _finish(response: Response, name: str, sha256: str, size: int, *, download: bool) -> Response:
    response.headers["Content-Disposition"] = disposition(name, download=download)
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(sha256)
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=size)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    return response
