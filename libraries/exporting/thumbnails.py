"""Thumbnails of stored drawings, kept in files by the checksum of the drawing."""

from __future__ import annotations

import io
import time
from contextlib import suppress

from PIL import Image

from libraries.errors import NotFound, Unavailable
from libraries.exporting.stored import MAX_VERTICES, StoredDrawing, check_size, reading
from libraries.previews import png
from libraries.settings import BrokerSettings
from libraries.storage import ArtifactFolder


class Thumbnail:
    """The size of thumbnails, and their age in seconds at which they are removed.

    They are sharp on cards of 240 pixels. Lines of few colours need few shades: a palette halves the file.
    """

    SIDE_PX, SHADES, MAX_AGE_S = 360, 24, 30 * 24 * 3600


def thumbnail(drawing: StoredDrawing) -> bytes:
    """Return a drawing as PNG whose longer side has 360 pixels.

    Equal drawings share a file. Raises as `export_stored`.
    """
    store, name = _store(), f"{drawing.sha256[:2]}/{drawing.sha256}.png"
    if not drawing.sha256:
        return _draw(drawing)
    with suppress(NotFound), store.open_checked(name) as file:
        return file.read()
    data = _draw(drawing)
    # A full disk only costs the next reader some time.
    with suppress(Unavailable):
        store.publish(name, data)
    return data


def remove_old_thumbnails() -> int:
    """Remove the thumbnails drawn more than 30 days ago, and return their number; they are drawn again when needed."""
    return _store().remove_older(time.time() - Thumbnail.MAX_AGE_S)


def _store() -> ArtifactFolder:
    return ArtifactFolder(BrokerSettings.current().data_dir / "thumbnails")


def _draw(drawing: StoredDrawing) -> bytes:
    # It is drawn once. The number is an upper bound: a vertex of our files has 14 bytes, not 5.
    check_size(drawing, 3 * MAX_VERTICES)
    with reading(drawing, wait_s=5.0) as document:
        width = min(1.0, document.width / document.height) * Thumbnail.SIDE_PX
        size = document.width, document.height
        drawn = png(document.strokes(), document.pens, size, width_px=max(16, round(width)))
    picture = (
        Image.open(io.BytesIO(drawn))
        .convert("RGB")
        .quantize(Thumbnail.SHADES, dither=Image.Dither.NONE)
    )
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()
