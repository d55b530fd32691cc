"""Pictures of stored drawings: read back from their SVG, small enough to be drawn while somebody waits, and kept for a while."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from threading import BoundedSemaphore
from typing import Any

import numpy as np

from libraries.errors import Exhausted, InvalidInput
from libraries.previews.raster import BadPreview, png
from libraries.storage import output_folder
from libraries.svg_reader import read_svg

# Read and drawn in a second or so on one core: 0.8 s to read as many, or 1.3 s from a compact file, and 0.5 s to draw them.
MOST_VERTICES = 400_000
# No vertex takes fewer bytes; a file of unknown content counts as if it were nothing but vertices.
FEWEST_BYTES = 5
# See `raster.MOST_INK`; so much of it takes about a second.
MOST_INK = 1_500_000_000
# Pixels of the picture, counted once for each layer: six layers at a width of 2000 on A4, sixty at 640.
MOST_PIXELS = 36_000_000
KEPT, AT_ONCE, PATIENCE = 64, 2, 5.0


class DrawingTooLarge(InvalidInput):
    """Raised when a drawing has more vertices than are drawn for a preview."""

    code = "drawing-too-large"


class PreviewsBusy(Exhausted):
    """Raised when other previews are being drawn, and have been for seconds."""

    code = "previews-busy"


_places = BoundedSemaphore(AT_ONCE)


def preview(artifact: Mapping[str, Any], width_px: int, *, paper: str = "white") -> bytes:
    """Return a stored SVG as a PNG, with the colours and widths of its pens. The last 64 are kept.

    Args:
        artifact: the record of the file as it is kept with its job.
        width_px: width of the picture in pixels, see `png`.
        paper: colour of the page; `none` leaves it transparent.

    Raises:
        DrawingTooLarge: it has more than 400,000 vertices.
        FileMissing, FileReplaced: it is gone, or another file lies in its place.
        BadSVG and what else `read_svg` raises: it is no SVG that can be read.
        BadPreview, BadColour: see `png`.
        PreviewsBusy: two others are being drawn; trying again helps.
        StorageAway: the store cannot be reached.
    """
    vertices = artifact.get("plot", {}).get("vertices", artifact["size"] // FEWEST_BYTES)
    if vertices > MOST_VERTICES:
        raise DrawingTooLarge(
            f"a preview is drawn of up to {MOST_VERTICES:,} vertices; this drawing has about {vertices:,}",
            field="job_id",
            hint="fetch the drawing itself",
        )
    return _rendered(artifact["name"], artifact["sha256"], width_px, paper)


@lru_cache(maxsize=KEPT)
def _rendered(name: str, sha256: str, width_px: int, paper: str) -> bytes:
    if not _places.acquire(timeout=PATIENCE):
        raise PreviewsBusy("other previews are being drawn; try again in a moment", retry_after=2)
    try:
        with output_folder().take(name, sha256=sha256) as file:
            drawing = read_svg(file.read()).document
        page = (drawing.width, drawing.height)
        if (
            len(np.unique(drawing.store.layers)) * width_px**2 * drawing.height / drawing.width
            > MOST_PIXELS
        ):
            raise BadPreview(
                "the drawing has too many layers for a preview of this width",
                field="width",
                hint="ask for a smaller one",
            )
        return png(
            drawing.strokes(), drawing.pens, page, width_px=width_px, paper=paper, most_ink=MOST_INK
        )
    finally:
        _places.release()
