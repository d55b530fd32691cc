"""Download of drawings of the gallery."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from flask import Response, request
from werkzeug.wsgi import wrap_file

from components.http.exports import disposition, export_response
from components.http.formats import ExportChoice, ExportQuery
from components.http.pages import FILE_HEADERS, SVG_TYPE
from libraries.errors import NotFound
from libraries.exporting import StoredDrawing
from libraries.exporting.thumbnails import thumbnail
from libraries.gallery import Drawing, open_drawing


def drawing_response(drawing: Drawing, query: ExportQuery) -> Response:
    """Return a drawing in the format that the client requests or prefers, or 304 if it has a current copy."""
    choice = query.choice(SVG_TYPE)
    response = _stored(drawing, query) if choice is None else _exported(drawing, choice, query)
    response.vary.add("Accept")
    return response


def thumbnail_response(drawing: Drawing) -> Response:
    """Return a drawing as a small PNG, or 304 if the client has it."""
    response = Response(content_type="image/png", headers=FILE_HEADERS)
    # The same address shows another drawing only if a job wrote to the same name again.
    response.headers["Cache-Control"] = "private, max-age=600, stale-while-revalidate=86400"
    if drawing.sha256:
        response.set_etag(f"{drawing.sha256}-thumbnail")
    response.make_conditional(request)
    if response.status_code != HTTPStatus.NOT_MODIFIED:
        with _removed_reported():
            response.set_data(thumbnail(_stored_drawing(drawing)))
    return response


def _stored_drawing(drawing: Drawing) -> StoredDrawing:
    return StoredDrawing(drawing.name, drawing.sha256, drawing.size, title=drawing.title)


@contextmanager
def _removed_reported() -> Iterator[None]:
    try:
        yield
    except NotFound:
        text = "the file of this drawing no longer exists"
        raise NotFound(text, code="drawing-not-found") from None


def _stored(drawing: Drawing, query: ExportQuery) -> Response:
    response = Response(content_type=SVG_TYPE, headers=FILE_HEADERS)
    name = f"{drawing.title}.svg" if drawing.title else drawing.name.rsplit("/", 1)[-1]
    response.headers["Content-Disposition"] = disposition(name, download=query.download)
    response.headers["Cache-Control"] = "private, no-cache"
    if drawing.sha256:
        response.set_etag(drawing.sha256)
        if request.if_none_match.contains(drawing.sha256):
            response.status_code = 304
            return response
    response.response = wrap_file(request.environ, open_drawing(drawing))
    response.direct_passthrough = True
    response.content_length = drawing.size
    return response


def _exported(drawing: Drawing, choice: ExportChoice, query: ExportQuery) -> Response:
    with _removed_reported():
        return export_response(_stored_drawing(drawing), *choice, download=query.download)
