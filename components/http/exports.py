"""Stored files and drawings, in the media type that the client prefers."""

from __future__ import annotations

import hashlib
import io
import unicodedata
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import IO
from urllib.parse import quote

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import dump_options_header
from werkzeug.wsgi import FileWrapper, wrap_file

from components.http.formats import ExportChoice, format_of
from components.http.pages import FILE_HEADERS
from components.http.problems import EdgeError, with_members
from components.http.replies import POLL_SECONDS
from libraries.errors import Conflict, InvalidInput, NotFound
from libraries.exporting import FORMATS, Format, StoredDrawing, export_stored
from libraries.exporting.catalogue import FormatParams
from libraries.job_manager import JobRecord
from libraries.job_manager.job_drawings import first_drawing
from libraries.json_types import JsonObject
from libraries.storage import output_folder
from libraries.svg_builder import SVGBuilder

JSON_TYPE = "application/json"


def encoded(drawing: SVGBuilder, media_type: str) -> bytes:
    """Return a new drawing in one of `drawing_types`; raises InvalidInput."""
    form = format_of(media_type)
    if form is None:
        return drawing.to_string().encode()
    return b"".join(form.params.load({}).write(drawing.document()))


def export_response(
    drawing: StoredDrawing,
    form: Format,
    params: FormatParams,
    layer: str = "",
    *,
    download: bool | None = None,
) -> Response:
    """Return a stored drawing, or a layer of it, in another format, or 304 if the client has it.

    `download` sets the disposition: True saves the file, False shows it, None sets none. Raises as
    `export_stored`.
    """
    drawing = drawing._replace(layer=layer)
    response = Response(
        content_type=form.media_type,
        headers=FILE_HEADERS | {"Cache-Control": "private, no-cache"},
    )
    if drawing.sha256:
        # Exports are deterministic, so the ETag is known before the export.
        facts = f"{drawing.sha256} {drawing.title} {layer!r} {form.name} {form.version} {params!r}"
        response.set_etag(hashlib.sha256(facts.encode()).hexdigest())
    response.make_conditional(request)
    if response.status_code != HTTPStatus.NOT_MODIFIED:
        exported = export_stored(drawing, form, params)
        response.set_data(exported.data)
        if download is not None:
            stem = PurePosixPath(drawing.download_name or drawing.name).stem
            name = stem if drawing.download_name else exported.title or stem
            part = f" {layer}" if layer else ""
            named = disposition(f"{name}{part}{form.suffix}", download=download)
            response.headers["Content-Disposition"] = named
    return response


def default_export(drawing: StoredDrawing, form: Format, *, download: bool) -> Response:
    return export_response(drawing, form, form.params.load({}), download=download)


def disposition(name: str, *, download: bool) -> str:
    """Return a Content-Disposition; a name that is not ASCII also has a form in ASCII."""
    kind = "attachment" if download else "inline"
    # Readable in any file system, and no syntax of the header.
    shown = "".join(one if one.isprintable() and one not in '/\\"' else "_" for one in name)
    plain = unicodedata.normalize("NFKD", shown).encode("ascii", "ignore").decode()
    value = dump_options_header(kind, {"filename": plain})
    return value if plain == shown else f"{value}; filename*=UTF-8''{quote(shown, safe='')}"


def drawn_response(record: JobRecord, media_type: str) -> Response | None:
    """Return the drawing of a job in one of `drawing_types`; None if it finished without one.

    Raises as `check_finished`, and as `export_stored`.
    """
    check_finished(record)
    artifact = first_drawing(record)
    if artifact is None:
        return None
    form = format_of(media_type)
    choice = ExportChoice(form, form.params.load({})) if form else None
    response = artifact_reply(artifact, choice, download=False)
    response.vary.add("Accept")
    return response


def artifact_reply(
    artifact: JsonObject, choice: ExportChoice | None, *, download: bool
) -> Response:
    """Return a file of a job, or an export of it; raise EdgeError if it no longer exists."""
    if choice is None:
        return file_response(artifact, download=download)
    try:
        return export_response(stored_drawing(artifact), *choice, download=download)
    except NotFound:
        raise expired_file() from None


def stored_drawing(artifact: JsonObject) -> StoredDrawing:
    return StoredDrawing(
        artifact["name"],
        artifact["sha256"],
        artifact["size"],
        artifact.get("plot", {}).get("vertices"),
        download_name=artifact.get("download_name", ""),
    )


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
    name, sha256 = artifact["name"], artifact["sha256"]
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
    return finished_response(response, shown, sha256, size, download=download)


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


def finished_response(
    response: Response, name: str, sha256: str, size: int, *, download: bool
) -> Response:
    """Add the headers of a result, and reduce it to 304 or to the requested range."""
    response.headers["Content-Disposition"] = disposition(name, download=download)
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(sha256)
    environ = dict(request.environ)
    # RFC 9110, section 14.2: a range in another unit is ignored.
    if not request.headers.get("Range", "").lower().startswith("bytes="):
        environ.pop("HTTP_RANGE", None)
    try:
        response.make_conditional(environ, accept_ranges=True, complete_length=size)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    return response


def png_format() -> Format:
    return FORMATS["png"]
