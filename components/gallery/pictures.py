"""Download of drawings of the gallery."""

from __future__ import annotations

from flask import Response, request
from werkzeug.wsgi import wrap_file

from components.http.exports import disposition, export_response
from components.http.formats import ExportChoice, ExportQuery
from components.http.pages import FILE_HEADERS, SVG_TYPE
from libraries.errors import NotFound
from libraries.exporting import StoredDrawing
from libraries.gallery import Drawing, open_drawing


def drawing_response(drawing: Drawing, query: ExportQuery) -> Response:
    """Return a drawing in the format that the client requests or prefers, or 304 if it has a current copy."""
    choice = query.choice(SVG_TYPE)
    response = _stored(drawing, query) if choice is None else _exported(drawing, choice, query)
    response.vary.add("Accept")
    return response


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
    stored = StoredDrawing(drawing.name, drawing.sha256, drawing.size, title=drawing.title)
    try:
        return export_response(stored, *choice, download=query.download)
    except NotFound:
        raise NotFound(
            "the file of this drawing no longer exists", code="drawing-not-found"
        ) from None
