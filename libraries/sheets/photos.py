"""Photos as drawings: a picture file, drawn by one of the patterns that draw from pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from libraries.imaging import lent_picture
from libraries.imaging.controls import PictureParams
from libraries.imaging.lending import borrow
from libraries.patterns import PATTERNS
from libraries.sheets.artboard import draw_loaded, load_artboard
from libraries.svg_builder import SVGBuilder

# The patterns that draw from pictures.
PHOTO_PATTERNS = tuple(
    name for name in PATTERNS if issubclass(PATTERNS[name].params, PictureParams)
)


def draw_photo(
    data: bytes,
    width: float,
    height: float,
    pattern: str,
    params: Mapping[str, Any],
    *,
    turn: bool = False,
    watch: Callable[[float], None] | None = None,
    **options: Any,
) -> tuple[SVGBuilder, dict[str, Any]]:
    """Return the photo in `data` as a drawing, and the artboard that it was drawn on.

    Args:
        data: an image file.
        width: width of the page in mm.
        height: height of the page in mm.
        pattern: one of `PHOTO_PATTERNS`.
        params: parameters of the pattern, all but `image`.
        turn: let the page lie as the photo does: upright under an upright one, across under a wide one.
        watch: called now and then with the part that is drawn by now, from 0 to 1.
        options: further fields of `ArtboardSchema`: `seed`, `margin`, `pen_width`; None means not given.

    Raises:
        InvalidInput, ImageTooLarge: it is no image that can be drawn.
        UnknownPattern, InvalidFields: there is no such pattern, or fields are bad.
        TooComplex: the drawing would have too many points.
    """
    with lent_picture(data) as name:
        rows, columns = borrow(name).shape
        if turn and (columns - rows) * (width - height) < 0:
            width, height = height, width
        artboard = load_artboard(
            width, height, pattern, params={**params, "image": name}, **options
        )
        return draw_loaded(artboard, watch), artboard
