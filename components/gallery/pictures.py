"""Download of drawings of the gallery."""

from __future__ import annotations

from flask import Response, request
from werkzeug.wsgi import wrap_file

from components.http.exports import accepted_format, default_export, disposition
from components.http.pages import FILE_HEADERS, SVG_TYPE
from libraries.errors import NotFound
from libraries.exporting import Format, StoredDrawing
from libraries.gallery import Drawing, open_drawing


def drawing_response(drawing: Drawing) -> Response:
    """Return a drawing in the media type that the client prefers, or 304 if it has a current copy."""
    form = accepted_format(SVG_TYPE)
    if form is not None:
        return _exported(drawing, form)
    response = Response(content_type=SVG_TYPE, headers=FILE_HEADERS)
    name = drawing.name.rsplit("/", 1)[-1]
    response.headers["Content-Disposition"] = disposition(name, download=False)
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Accept")
    if drawing.sha256:
        response.set_etag(drawing.sha256)
        if request.if_none_match.contains(drawing.sha256):
            response.status_code = 304
            return response
    response.response = wrap_file(request.environ, open_drawing(drawing))
    response.direct_passthrough = True
    response.content_length = drawing.size
    return response


def _exported(drawing: Drawing, form: Format) -> Response:
    stored = StoredDrawing(drawing.name, drawing.sha256, drawing.size)
    try:
        return default_export(stored, form, download=False)
    except NotFound:
        raise NotFound(
            "the file of this drawing no longer exists", code="drawing-not-found"
        ) from None
