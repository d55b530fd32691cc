"""Stored files and drawings, in the media type that the client prefers."""

from __future__ import annotations

import hashlib
import io
import unicodedata
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import IO
from urllib.parse import quote

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import dump_options_header
from werkzeug.wsgi import FileWrapper, wrap_file

from components.http.pages import FILE_HEADERS, SVG_TYPE
from components.http.problems import EdgeError, with_members
from components.http.replies import POLL_SECONDS
from libraries.errors import Conflict, InvalidInput, NotFound
from libraries.exporting import FORMATS, Format, StoredDrawing, export_stored, formats_by_media_type
from libraries.exporting.catalogue import FormatParams
from libraries.job_manager import JobRecord
from libraries.job_manager.job_drawings import first_drawing
from libraries.json_types import JsonObject
from libraries.storage import output_folder
from libraries.svg_builder import SVGBuilder

JSON_TYPE = "application/json"


def accepted_type(offers: Sequence[str]) -> str:
    """Return the media type that the client prefers, the first one with equal preferences.

    Raises EdgeError (`not-acceptable`) if `Accept` excludes all of them.
    """
    best = max(offers, key=_quality)
    if not _quality(best):
        error = EdgeError(
            f"Accept excludes all available media types: {', '.join(offers)}",
            code="not-acceptable",
        )
        raise with_members(error, available=list(offers))
    return best


def drawing_types() -> list[str]:
    """Return the media types of drawings, that of the stored file first."""
    return list(dict.fromkeys([SVG_TYPE, *formats_by_media_type()]))


def accepted_format(media_type: str) -> Format | None:
    """Return the preferred export format, or None for the stored file; raises as `accepted_type`."""
    offers = drawing_types() if is_drawing(media_type) else [media_type]
    return _format_of(accepted_type(offers), stored=media_type)


def _format_of(media_type: str, *, stored: str = SVG_TYPE) -> Format | None:
    return None if media_type == stored else formats_by_media_type()[media_type]


def encoded(drawing: SVGBuilder, media_type: str) -> bytes:
    """Return a new drawing in one of `drawing_types`; raises InvalidInput."""
    form = _format_of(media_type)
    if form is None:
        return drawing.to_string().encode()
    return b"".join(form.params.load({}).write(drawing.document()))


def is_drawing(media_type: str) -> bool:
    return media_type == SVG_TYPE


def exported_reply(stored: str, **documentation: object) -> dict[str, object]:
    """Return the OpenAPI response for a `stored` media type or an export of it."""
    text, binary = {"type": "string"}, {"type": "string", "format": "binary"}
    content: dict[str, object] = {stored: {} if stored == "*/*" else {"schema": text}}
    for one in drawing_types():
        is_text = one == SVG_TYPE or one.startswith("text/")
        content.setdefault(one, {"schema": text if is_text else binary})
    return {"content": content, **documentation}


def export_response(
    drawing: StoredDrawing, form: Format, params: FormatParams, *, download: bool | None = None
) -> Response:
    """Return a stored drawing in another format, or 304 if the client has it.

    `download` sets the disposition: True saves the file, False shows it, None sets none. Raises as
    `export_stored`.
    """
    response = Response(
        content_type=form.media_type,
        headers=FILE_HEADERS | {"Cache-Control": "private, no-cache"},
    )
    if drawing.sha256:
        # Exports are deterministic, so the ETag is known before the export.
        facts = f"{drawing.sha256} {form.name} {params!r}"
        response.set_etag(hashlib.sha256(facts.encode()).hexdigest())
    if download is not None:
        name = PurePosixPath(drawing.download_name or drawing.name).with_suffix(form.suffix).name
        response.headers["Content-Disposition"] = disposition(name, download=download)
    response.make_conditional(request)
    if response.status_code != HTTPStatus.NOT_MODIFIED:
        response.set_data(export_stored(drawing, form, params))
    return response


def default_export(drawing: StoredDrawing, form: Format, *, download: bool) -> Response:
    response = export_response(drawing, form, form.params.load({}), download=download)
    response.vary.add("Accept")
    return response


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
    form = _format_of(media_type)
    response = artifact_reply(artifact, form, download=False)
    response.vary.add("Accept")
    return response


def artifact_reply(artifact: JsonObject, form: Format | None, *, download: bool) -> Response:
    """Return a file of a job, or an export of it; raise EdgeError if it no longer exists."""
    if form is None:
        return file_response(artifact, download=download)
    try:
        return default_export(stored_drawing(artifact), form, download=download)
    except NotFound:
        raise expired_file() from None


def stored_drawing(artifact: JsonObject) -> StoredDrawing:
    return StoredDrawing(
        artifact["name"],
        artifact["sha256"],
        artifact["size"],
        artifact.get("plot", {}).get("vertices"),
        artifact.get("download_name", ""),
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


def _quality(media_type: str) -> float:
    """Return the quality from 0 to 1 that the most specific range gives to a media type."""
    accepted = [
        (media_range.partition(";")[0].strip().lower(), quality)
        for media_range, quality in request.accept_mimetypes
    ]
    ranges = [(media_range, quality) for media_range, quality in accepted if "/" in media_range]
    if not ranges:
        return 1.0
    bare = media_type.partition(";")[0].strip().lower()
    matching = ["*/*", f"{bare.partition('/')[0]}/*", bare]
    found = [
        (matching.index(media_range), quality)
        for media_range, quality in ranges
        if media_range in matching
    ]
    return max(found)[1] if found else 0.0
