"""The picture in a mail: a small PNG of the drawing that it is about."""

from __future__ import annotations

from collections.abc import Iterable

from libraries.errors import InvalidInput, NotFound, Unavailable
from libraries.mailing.attachments import Attachment, MadeBy
from libraries.previews import png
from libraries.storage import output_folder
from libraries.svg_reader import read_svg

# Bytes. A larger SVG takes seconds to be drawn, a larger PNG makes the mail heavy.
MAX_PICTURE_BYTES = {"image/svg+xml": 5_000_000, "image/png": 1_000_000}


def picture_of(attachments: Iterable[Attachment]) -> bytes | None:
    """Return the first drawing among `attachments` as a PNG; None if there is none, or none that can be shown."""
    for one in attachments:
        shown = _drawn(one.media_type, one.data)
        if shown is not None:
            return shown
    return None


def picture_by(job_id: object, made_by: MadeBy) -> bytes | None:
    """Return the first drawing that the job `job_id` made as a PNG; None if it made none, or none that can be shown.

    A picture is a courtesy: a mail goes out without it, too.
    """
    try:
        for one in made_by(str(job_id)):
            if one["size"] <= MAX_PICTURE_BYTES.get(one["media_type"], 0):
                with output_folder().open_checked(one["name"], sha256=one["sha256"]) as file:
                    return _drawn(one["media_type"], file.read())
    except (InvalidInput, NotFound, Unavailable):
        return None
    return None


def _drawn(media_type: str, data: bytes) -> bytes | None:
    if len(data) > MAX_PICTURE_BYTES.get(media_type, 0):
        return None
    if media_type == "image/png":
        return data
    try:
        drawing = read_svg(data).document
        # Twice the width at which it is shown, for fine screens.
        return png(drawing.strokes(), drawing.pens, (drawing.width, drawing.height), width_px=1040)
    except InvalidInput:
        return None
