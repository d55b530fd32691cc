"""Stored files in the media type that a request accepts: the file itself, or an export of it."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from pathlib import PurePosixPath

from flask import Response, request

from components.http.pages import FILE_HEADERS, SVG_TYPE
from components.http.problems import EdgeError
from libraries.exporting import FORMATS, Format, StoredDrawing, export_stored, formats_by_media_type
from libraries.exporting.catalogue import FormatParams


def accepted_format(media_type: str) -> Format | None:
    """Return the format that the client prefers to a stored file; None for the file itself.

    A drawing is offered in every export format, any other file only as it is. Where the client
    likes two equally, it gets the file itself, or else the format whose name comes first.

    Raises:
        EdgeError: the client accepts none of the media types that there are (`not-acceptable`).
    """
    offers: dict[str, Format | None] = {media_type: None}
    if is_drawing(media_type):
        offers |= {one: form for one, form in formats_by_media_type().items() if one != media_type}
    best = max(offers, key=_quality)
    if not _quality(best):
        raise EdgeError(
            f"this is available as {', '.join(offers)}; Accept excludes it",
            code="not-acceptable",
        )
    return offers[best]


def is_drawing(media_type: str) -> bool:
    """Return whether a file of this type is exported to other formats."""
    return media_type == SVG_TYPE


def exported_reply(stored: str, **documentation: object) -> dict[str, object]:
    """Return OpenAPI's words for a reply with a `stored` file or an export of it."""
    text, binary = {"type": "string"}, {"type": "string", "format": "binary"}
    content: dict[str, object] = {stored: {} if stored == "*/*" else {"schema": text}}
    for one in formats_by_media_type():
        is_text = one == SVG_TYPE or one.startswith("text/")
        content.setdefault(one, {"schema": text if is_text else binary})
    return {"content": content, **documentation}


def export_response(
    drawing: StoredDrawing, form: Format, params: FormatParams, *, download: bool | None = None
) -> Response:
    """Return a stored drawing in another format, or 304 to a client that has it.

    `download` asks the browser to save it, or to show it; None leaves that open.

    Raises:
        InvalidInput: the drawing cannot be exported, see `export_stored`.
        NotFound: the file is gone, or another one is in its place.
        Exhausted: too many others are being exported.
        StorageUnavailable: the store does not answer.
    """
    response = Response(
        content_type=form.media_type,
        headers=FILE_HEADERS | {"Cache-Control": "private, no-cache"},
    )
    if drawing.sha256:
        # The same drawing in the same format is the same file: a client that has it need not wait.
        facts = f"{drawing.sha256} {form.name} {params!r}"
        response.set_etag(hashlib.sha256(facts.encode()).hexdigest())
    if download is not None:
        name = PurePosixPath(drawing.name).with_suffix(form.suffix).name
        response.headers.set(
            "Content-Disposition", "attachment" if download else "inline", filename=name
        )
    response.make_conditional(request)
    if response.status_code != HTTPStatus.NOT_MODIFIED:
        response.set_data(export_stored(drawing, form, params))
    return response


def default_export(drawing: StoredDrawing, form: Format, *, download: bool) -> Response:
    """Return a drawing in the format that the client prefers, with the format's defaults."""
    response = export_response(drawing, form, form.params.load({}), download=download)
    response.vary.add("Accept")
    return response


def png_format() -> Format:
    """Return the format of previews."""
    return FORMATS["png"]


def _quality(media_type: str) -> float:
    """Return how much the client likes a media type, from 0 to 1, by its most specific range."""
    accepted = [
        (wanted.partition(";")[0].strip().lower(), quality)
        for wanted, quality in request.accept_mimetypes
    ]
    ranges = [(wanted, quality) for wanted, quality in accepted if "/" in wanted]
    if not ranges:
        return 1.0
    bare = media_type.partition(";")[0].strip().lower()
    matching = ["*/*", f"{bare.partition('/')[0]}/*", bare]
    found = [(matching.index(wanted), quality) for wanted, quality in ranges if wanted in matching]
    return max(found)[1] if found else 0.0
