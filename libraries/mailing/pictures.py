"""Inline pictures in mails: a small PNG of a drawing."""

from __future__ import annotations

from collections.abc import Iterable

from libraries.errors import InvalidInput, NotFound, Unavailable
from libraries.mailing.attachments import Attachment, MadeBy
from libraries.previews import png
from libraries.storage import output_folder
from libraries.svg_reader import read_svg

# Larger SVG files take seconds to render; larger PNG files make the mail too big.
MAX_PICTURE_BYTES = {"image/svg+xml": 5_000_000, "image/png": 1_000_000}


def picture_of(attachments: Iterable[Attachment]) -> bytes | None:
    """Return the first drawing among `attachments` as a PNG, or None."""
    for one in attachments:
        picture = _as_png(one.media_type, one.data)
        if picture is not None:
            return picture
    return None


def picture_by(job_id: object, made_by: MadeBy) -> bytes | None:
    """Return the first drawing of a job as a PNG; None, without an error, if that is not possible."""
    try:
        for one in made_by(str(job_id)):
            if one["size"] <= MAX_PICTURE_BYTES.get(one["media_type"], 0):
                with output_folder().open_checked(one["name"], sha256=one["sha256"]) as file:
                    return _as_png(one["media_type"], file.read())
    except (InvalidInput, NotFound, Unavailable):
        return None
    return None


def _as_png(media_type: str, data: bytes) -> bytes | None:
    if len(data) > MAX_PICTURE_BYTES.get(media_type, 0):
        return None
    if media_type == "image/png":
        return data
    try:
        drawing = read_svg(data).document
        # Twice the displayed width, for high-resolution screens.
        return png(drawing.strokes(), drawing.pens, (drawing.width, drawing.height), width_px=1040)
    except InvalidInput:
        return None
