"""A drawing of the gallery as a file."""

from __future__ import annotations

from flask import Response, request
from werkzeug.wsgi import wrap_file

from components.http.pages import FILE_HEADERS, SVG_TYPE
from libraries.gallery import Drawing, open_drawing


def drawing_response(drawing: Drawing) -> Response:
    """Return the file of a drawing, or 304 if the client has it already.

    Raises:
        NotFound: the file is gone.
    """
    response = Response(content_type=SVG_TYPE, headers=FILE_HEADERS)
    response.headers.set("Content-Disposition", "inline", filename=drawing.name.rsplit("/", 1)[-1])
    response.headers["Cache-Control"] = "private, no-cache"
    if drawing.sha256:
        response.set_etag(drawing.sha256)
        if request.if_none_match.contains(drawing.sha256):
            response.status_code = 304
            return response
    file = open_drawing(drawing)
    response.response = wrap_file(request.environ, file)
    response.direct_passthrough = True
    response.content_length = drawing.size
    return response
