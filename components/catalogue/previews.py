"""Previews of patterns on A6."""

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

# A6 is small enough to be drawn during the request.
WIDTH, HEIGHT = 105, 148
PNG_TYPE = "image/png"
# Previews contain no data of owners, so pages of every origin may embed them.
PUBLIC_PICTURE = {
    "Cache-Control": "public, max-age=86400",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def preview_response(name: str, query: JsonObject, media_type: str) -> Response:
    """Return a pattern with default parameters on A6, as SVG or PNG; cacheable for a day."""
    data = preview(name, query["seed"], query["width"] if media_type == PNG_TYPE else 0)
    response = Response(data, content_type=media_type, headers=FILE_HEADERS | PUBLIC_PICTURE)
    response.set_etag(hashlib.sha256(data).hexdigest())
    response.make_conditional(request)
    return response


@lru_cache(maxsize=128)
def preview(name: str, seed: int, width_px: int) -> bytes:
    """Return a PNG of `width_px` pixels, or an SVG if `width_px` is 0."""
    check_pattern(name, Area(WIDTH, HEIGHT, default_margin(WIDTH, HEIGHT)))
    drawing = draw_artboard(WIDTH, HEIGHT, name, seed=seed)
    if not width_px:
        return drawing.to_string().encode()
    return png(drawing.strokes(), drawing.pens, (WIDTH, HEIGHT), width_px=width_px)
