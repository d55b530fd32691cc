"""What a job made, as a response: the file itself, or the JSON value that its task returned."""

from __future__ import annotations

import hashlib
import io
from typing import IO, Any

from flask import Response, json, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper, wrap_file

from components.http.exports import accepted_format, default_export, is_drawing
from components.http.pages import FILE_HEADERS
from components.http.problems import EdgeError, with_members
from components.http.replies import POLL_SECONDS
from components.jobs.representation import named_artifacts, public_result
from libraries.errors import Conflict, InvalidInput, NotFound
from libraries.exporting import Format, StoredDrawing
from libraries.job_manager import JobRecord
from libraries.storage import output_folder

BLOCK = 64 * 1024


def result_response(record: JobRecord, *, download: bool) -> Response:
    """Return what the job made, in the media type that the client accepts.

    `download` asks the browser to save it.

    Raises:
        Conflict: it waits or runs, or ended without a result.
        EdgeError: the file is gone, or the client does not accept what there is.
    """
    check_finished(record)
    if not record.artifacts:
        accepted_format("application/json")
        return value_response(record.result, download=download)
    artifact = record.artifacts[0]
    form = accepted_format(artifact["media_type"])
    if form is not None:
        return _exported(artifact, form, download=download)
    response = file_response(artifact, download=download)
    if is_drawing(artifact["media_type"]):
        response.vary.add("Accept")
    return response


def _exported(artifact: dict[str, Any], form: Format, *, download: bool) -> Response:
    try:
        return default_export(stored_drawing(artifact), form, download=download)
    except NotFound:
        raise EdgeError(
            "the file that this job made is no longer there", code="job-expired"
        ) from None


def stored_drawing(artifact: dict[str, Any]) -> StoredDrawing:
    """Return the drawing in a file of a job."""
    return StoredDrawing(
        artifact["name"],
        artifact["sha256"],
        artifact["size"],
        artifact.get("plot", {}).get("vertices"),
    )


def artifact_response(record: JobRecord, name: str, *, download: bool) -> Response:
    """Return the file that the job shows as `name`; `download` asks the browser to save it.

    Raises:
        Conflict, EdgeError: as `result_response`.
        NotFound: the job made no such file.
    """
    check_finished(record)
    artifact = named_artifacts(record).get(name)
    if artifact is None:
        raise NotFound("this job made no file of that name", code="artifact-not-found")
    return file_response(artifact, download=download)


def check_finished(record: JobRecord) -> None:
    """Let only a finished job pass.

    Raises:
        Conflict: it waits or runs, or ended without a result.
    """
    if not record.done:
        text = f"the job is {record.status}; its result is not there yet"
        error = Conflict(text, code="job-not-finished")
        raise with_members(error, retry_after=int(POLL_SECONDS), job_status=record.status)
    if record.status != "finished":
        error = Conflict(f"the job has no result, it {ended(record)}", code="job-failed")
        raise with_members(error, job_status=record.status)


def ended(record: JobRecord) -> str:
    """Say how a job without a result ended."""
    if record.status == "failed":
        return f"failed: {record.public_error}"
    return f"was {record.status}"


def file_response(artifact: dict[str, Any], *, download: bool) -> Response:
    """Return a stored file, or the part of it that the request asks for, or 304.

    Raises:
        EdgeError: it is gone, or another one lies in its place.
        StorageUnavailable: the store of files does not answer.
    """
    try:
        # A task may write to a name that an earlier job wrote to; what is open here no longer changes.
        file = output_folder().open_checked(artifact["name"], sha256=artifact["sha256"])
    except (NotFound, InvalidInput) as error:
        what = (
            "has been replaced by another one"
            if error.code == "file-replaced"
            else "is no longer there"
        )
        raise EdgeError(f"the file that this job made {what}", code="job-expired") from None
    response = Response(content_type=artifact["media_type"], headers=FILE_HEADERS)
    _stream(response, file)
    response.content_length = artifact["size"]
    return _finish(
        response,
        artifact["name"].rsplit("/", 1)[-1],
        artifact["sha256"],
        artifact["size"],
        download=download,
    )


def value_response(value: Any, *, download: bool) -> Response:
    """Return the value that a task returned, as JSON."""
    body = json.dumps(public_result(value)).encode()
    response = Response(body, content_type="application/json", headers=FILE_HEADERS)
    return _finish(
        response, "result.json", hashlib.sha256(body).hexdigest(), len(body), download=download
    )


def _stream(response: Response, file: IO[bytes]) -> None:
    # The server may hand a whole file of this machine to the kernel instead of reading it. Of any other, and for a part of it,
    # nothing is read but what is sent: this form goes to the first byte of a part without reading those before it.
    whole = (
        isinstance(file, io.BufferedReader)
        and isinstance(file.raw, io.FileIO)
        and "Range" not in request.headers
    )
    response.response = wrap_file(request.environ, file) if whole else FileWrapper(file, BLOCK)
    response.direct_passthrough = True


def _finish(response: Response, name: str, sha256: str, size: int, *, download: bool) -> Response:
    response.headers.set(
        "Content-Disposition", "attachment" if download else "inline", filename=name
    )
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(sha256)
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=size)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    return response
