"""Text on a path: letters that follow a line, each turned as the line turns below it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from libraries.errors import InvalidInput
from libraries.lettering.characters import check_text
from libraries.lettering.fonts import DEFAULT_FONT, StrokeFont, stroke_font
from libraries.lettering.layout import (
    ALIGN_SHIFT,
    MAX_PLACE_MM,
    Align,
    SetLine,
    TextBlock,
    check_layout,
    check_places,
    in_strokes,
    missing_from,
    set_line,
)
from libraries.lettering.strokes import Stroke

MAX_CORNERS = 100_000
PAIR = 2


def along_path(
    text: str,
    path: ArrayLike,
    font: str | StrokeFont = DEFAULT_FONT,
    *,
    cap_height: float,
    align: Align = "left",
    offset: float = 0.0,
    letter_spacing: float = 0.0,
) -> TextBlock:
    """Return `text` written along `path`, a polyline of shape (n, 2) in mm, in one line.

    Line feeds and tabs become spaces.

    Letters keep their shape. Each stands with the middle of its width on the path, turned by the
    chord of the path below it.

    Args:
        text: what to write, at most 10,000 characters.
        path: the points of the base line, in the direction of reading, at most 100,000.
        font: a font or its name.
        cap_height: the height of a capital letter in mm.
        align: where on the path the text is: at its `left` beginning, `center` or `right` end.
        offset: how far above the path the letters stand, in mm; a negative number puts them below.
        letter_spacing: added between letters, in mm.

    Returns:
        The text, without `baselines`. `overflow` holds the letters beyond the end of the path.

    Raises:
        InvalidInput: `path` is not a line of finite points with a length, `text` is not valid, a
            measure is not in its range, or the alignment is unknown.
        UnknownName: there is no such font.
    """
    line = " ".join(check_text(text).split())
    face = stroke_font(font) if not isinstance(font, StrokeFont) else font
    check_layout(cap_height=cap_height, offset=offset, letter_spacing=letter_spacing)
    check_places(align, "baseline")
    corners, stations = _measured(path)
    scale = cap_height / face.cap_height
    # The last letter may stick out by this part of a cap height.
    row, overflow = _that_fits(
        set_line(line, face, letter_spacing / scale), (stations[-1] + 0.02 * cap_height) / scale
    )
    strokes = []
    if any(glyph.strokes for glyph in row.glyphs):
        left, right = row.ink()
        start = (stations[-1] - (right - left) * scale) * ALIGN_SHIFT[align] - left * scale
        strokes = _bent(
            row, corners, stations, scale=scale, start=start, up=offset + face.base_line * scale
        )
    return TextBlock(strokes, [], missing_from(row.written, face), [line], overflow)


def _measured(path: ArrayLike) -> tuple[Stroke, NDArray[np.float64]]:
    """Return the corners of the path and how far along it each lies, without corners that do not move."""
    try:
        corners = np.asarray(path, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput(
            "the path must be a list of pairs of numbers", code="bad-text-path", field="path"
        ) from None
    if corners.ndim != PAIR or corners.shape[1] != PAIR or not PAIR <= len(corners) <= MAX_CORNERS:
        raise InvalidInput(
            f"the path must be a list of 2 to {MAX_CORNERS} pairs of numbers",
            code="bad-text-path",
            field="path",
        )
    if not (np.abs(corners) <= MAX_PLACE_MM).all():
        raise InvalidInput(
            f"the points of the path must be within {MAX_PLACE_MM:g} mm of the origin",
            code="bad-text-path",
            field="path",
        )
    steps = np.hypot(*np.diff(corners, axis=0).T)
    corners = corners[np.append(True, steps > 0)]
    stations = np.append(0.0, np.cumsum(steps[steps > 0]))
    if len(corners) < PAIR:
        raise InvalidInput(
            "the path has no length that can be written on", code="bad-text-path", field="path"
        )
    return corners, stations


def _that_fits(row: SetLine, room: float) -> tuple[SetLine, str]:
    """Return the beginning of a line whose ink has `room`, and the text of the rest."""
    edges = np.array([glyph.ink for glyph in row.glyphs]).reshape(-1, 2)
    reach = row.pens + edges[:, 1] - (row.ink()[0])
    kept = int(np.argmax(reach > room)) if (reach > room).any() else len(reach)
    return SetLine(row.written[:kept], row.glyphs[:kept], row.pens[:kept]), "".join(
        row.written[kept:]
    )


def _bent(
    row: SetLine,
    corners: Stroke,
    stations: NDArray[np.float64],
    *,
    scale: float,
    start: float,
    up: float,
) -> list[Stroke]:
    halves = np.array([glyph.advance / 2 for glyph in row.glyphs]) * scale
    middles = row.pens * scale + halves + start
    before, after = (
        _at(middles - halves, corners, stations),
        _at(middles + halves, corners, stations),
    )
    chord = after - before
    along = chord / np.maximum(np.hypot(*chord.T), 1e-12)[:, None]
    # Where the path comes back to itself within a letter, there is no chord: the letter stands
    # upright.
    along[np.hypot(*chord.T) < 1e-9 * scale] = (1.0, 0.0)
    counts = [len(glyph.points) for glyph in row.glyphs]
    points = np.concatenate([glyph.points for glyph in row.glyphs]) * scale
    points[:, 0] -= np.repeat(halves, counts)
    points[:, 1] -= up
    cosine, sine = np.repeat(along, counts, axis=0).T
    turned = np.column_stack(
        (points[:, 0] * cosine - points[:, 1] * sine, points[:, 0] * sine + points[:, 1] * cosine)
    )
    turned += np.repeat(_at(middles, corners, stations), counts, axis=0)
    return in_strokes(turned, row.glyphs)


def _at(places: NDArray[np.float64], corners: Stroke, stations: NDArray[np.float64]) -> Stroke:
    """Return the points of the path at `places` mm from its beginning.

    It goes on straight beyond both ends.
    """
    segment = np.clip(np.searchsorted(stations, places, side="right") - 1, 0, len(stations) - 2)
    start, end = corners[segment], corners[segment + 1]
    part = (places - stations[segment]) / (stations[segment + 1] - stations[segment])
    return start + (end - start) * part[:, None]
