"""What a pattern looks like, as a small drawing."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from flask import Response, request

from components.http.pages import FILE_HEADERS
from libraries.geometry.area import Area
from libraries.json_types import JsonObject
from libraries.patterns import check_pattern
from libraries.previews import png
from libraries.sheets.artboard import draw_artboard
from libraries.sheets.page import default_margin

# A sheet of A6: small enough to be drawn while the client waits.
WIDTH, HEIGHT = 105, 148
PNG_TYPE = "image/png"
# It shows nothing of anyone's: pages of every origin may embed it.
PUBLIC_PICTURE = {
    "Cache-Control": "public, max-age=86400",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def preview_response(name: str, query: JsonObject, media_type: str) -> Response:
    """Return a pattern with its defaults on a sheet of 105 x 148 mm, as SVG or PNG; the same for everybody, for a day.

    Raises:
        TooComplex: even the small sheet would take too many points.
    """
    data = preview(name, query["seed"], query["width"] if media_type == PNG_TYPE else 0)
    response = Response(data, content_type=media_type, headers=FILE_HEADERS | PUBLIC_PICTURE)
    response.set_etag(hashlib.sha256(data).hexdigest())
    response.make_conditional(request)
    return response


@lru_cache(maxsize=128)
def preview(name: str, seed: int, width_px: int) -> bytes:
    """Return the preview of a pattern: a PNG of `width_px` pixels, or SVG for 0."""
    check_pattern(name, Area(WIDTH, HEIGHT, default_margin(WIDTH, HEIGHT)))
    drawing = draw_artboard(WIDTH, HEIGHT, name, seed=seed)
    if not width_px:
        return drawing.to_string().encode()
    return png(drawing.strokes(), drawing.pens, (WIDTH, HEIGHT), width_px=width_px)
