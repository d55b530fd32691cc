"""Content negotiation for stored files: the file itself, or an export of it."""

from __future__ import annotations

import hashlib
import unicodedata
from http import HTTPStatus
from pathlib import PurePosixPath
from urllib.parse import quote

from flask import Response, request
from werkzeug.http import dump_options_header

from components.http.pages import FILE_HEADERS, SVG_TYPE
from components.http.problems import EdgeError
from libraries.exporting import FORMATS, Format, StoredDrawing, export_stored, formats_by_media_type
from libraries.exporting.catalogue import FormatParams


def accepted_format(media_type: str) -> Format | None:
    """Return the preferred export format, or None for the stored file.

    With equal preferences the stored file wins, then the first format by name. Raises EdgeError
    (`not-acceptable`) if `Accept` excludes all media types.
    """
    offers: dict[str, Format | None] = {media_type: None}
    if is_drawing(media_type):
        offers |= {one: form for one, form in formats_by_media_type().items() if one != media_type}
    best = max(offers, key=_quality)
    if not _quality(best):
        raise EdgeError(
            f"Accept excludes all available media types: {', '.join(offers)}",
            code="not-acceptable",
        )
    return offers[best]


def is_drawing(media_type: str) -> bool:
    return media_type == SVG_TYPE


def exported_reply(stored: str, **documentation: object) -> dict[str, object]:
    """Return the OpenAPI response for a `stored` media type or an export of it."""
    text, binary = {"type": "string"}, {"type": "string", "format": "binary"}
    content: dict[str, object] = {stored: {} if stored == "*/*" else {"schema": text}}
    for one in formats_by_media_type():
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
