"""Previews of patterns on A6."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from functools import partial

from flask import Response, request

from components.http.pages import FILE_HEADERS
from libraries.errors import Unavailable
from libraries.geometry.area import Area
from libraries.json_types import JsonObject
from libraries.patterns import check_pattern
from libraries.previews import RenderCache, png, render_slot
from libraries.sheets.artboard import draw_artboard
from libraries.sheets.page import default_margin

# A6 is small enough to be drawn during the request.
WIDTH, HEIGHT = 105, 148
PNG_TYPE = "image/png"
MAX_WAIT_S = 0.5
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


def preview(name: str, seed: int, width_px: int) -> bytes:
    """Return a PNG of `width_px` pixels, or an SVG if `width_px` is 0; raises as `rendered`."""
    key = name, seed, width_px
    return rendered(key, partial(_draw, *key))


def rendered(key: Hashable, draw: Callable[[], bytes]) -> bytes:
    """Return what `draw` returns, or returned lately for this key.

    Raises:
        Unavailable: `renderers-busy`, two other previews are being drawn.
    """
    try:
        return _cache.get(key, partial(_draw_in_turn, draw), wait_s=MAX_WAIT_S)
    except TimeoutError:
        raise _busy() from None


def _draw_in_turn(draw: Callable[[], bytes]) -> bytes:
    with render_slot(MAX_WAIT_S) as is_free:
        if not is_free:
            raise _busy()
        return draw()


def _draw(name: str, seed: int, width_px: int) -> bytes:
    check_pattern(name, Area(WIDTH, HEIGHT, default_margin(WIDTH, HEIGHT)))
    drawing = draw_artboard(WIDTH, HEIGHT, name, seed=seed)
    if not width_px:
        return drawing.to_string().encode()
    return png(drawing.strokes(), drawing.pens, (WIDTH, HEIGHT), width_px=width_px)


def _busy() -> Unavailable:
    return Unavailable(
        "other previews are being drawn; retry later", code="renderers-busy", retry_after=2
    )


_cache: RenderCache[bytes] = RenderCache(1 << 25)
